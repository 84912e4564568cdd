public import NIOCore

/// One received message, checked whole (JSON, UTF-8, nesting) and not yet made into a tree.
public struct Frame: Sendable {
  /// The four kinds of message of JSON-RPC.
  public enum Kind: Hashable, Sendable {
    case request(RequestID)
    case notification
    case response(RequestID)
    /// An error reply; without an id when the peer could not read one.
    case failure(RequestID?)
  }

  public let kind: Kind
  private let line: ByteBuffer
  private let methodRange: Range<Int>
  private let bodyRange: Range<Int>

  /// Reads a line without its line feed.
  public init(_ line: ByteBuffer) throws(FrameError) {
    self.line = line
    let result = line.withUnsafeReadableBytes { bytes in
      Result { () throws(FrameError) in try Self.scan(bytes) }
    }
    let parts = try result.get()
    kind = parts.kind
    methodRange = parts.method
    bodyRange = parts.body
  }

  /// The method of a request or notification.
  public var method: String {
    line.withUnsafeReadableBytes { String(decoding: $0[methodRange], as: UTF8.self) }
  }

  /// Whether that is the method, without making a string of it.
  public func methodIs(_ method: StaticString) -> Bool {
    line.withUnsafeReadableBytes { UnsafeRawBufferPointer(rebasing: $0[methodRange]) == method }
  }

  /// The JSON text of `params`, `result` or `error`; empty when there is none.
  public func withBody<R, E: Error>(
    _ read: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let result = line.withUnsafeReadableBytes { bytes in
      Result { () throws(E) in try read(UnsafeRawBufferPointer(rebasing: bytes[bodyRange])) }
    }
    return try result.get()
  }

  /// `params`, `result` or `error` as a tree; an empty object when there is none.
  public func body() -> JSON {
    withBody { bytes in
      // The text was checked when the frame was made, so it parses.
      bytes.isEmpty ? JSON.object(JSONObject()) : (try? JSON.parse(bytes)) ?? .null
    }
  }

  /// The parameters of a request or notification.
  public func params() -> JSON { body() }

  /// The peer's error, when this is one.
  public func error() -> RPCError {
    let body = body()
    return RPCError(
      code: body["code"]?.intValue ?? -32603,
      message: body["message"]?.stringValue ?? "the peer gave no reason",
      reason: body["data"]?["reason"]?.stringValue)
  }
}

/// Why a line is no message, with the id to answer where one could be read.
public struct FrameError: Error, Hashable, Sendable {
  public let id: RequestID?
  public let error: RPCError

  public init(id: RequestID? = nil, error: RPCError) {
    self.id = id
    self.error = error
  }
}

extension Frame {
  private struct Parts {
    var kind: Kind
    var method: Range<Int>
    var body: Range<Int>
  }

  /// What the top level of a message holds, while it is being read.
  private struct Fields {
    var id: RequestID?
    var problem: String?
    var method: Range<Int>?
    var params: Range<Int>?
    var result: Range<Int>?
    var error: Range<Int>?
  }

  private static func scan(_ bytes: UnsafeRawBufferPointer) throws(FrameError) -> Parts {
    var fields = Fields()
    var scanner = JSONScanner(bytes)
    do {
      guard scanner.peek() == UInt8(ascii: "{") else {
        // Valid JSON of another kind (a batch, a number) is no request; anything else is no JSON.
        try scanner.skip()
        try scanner.end()
        throw FrameError(error: .invalidRequest("a message must be one JSON object"))
      }
      try scanner.object { (key, scanner) throws(WireError) in try read(key, &scanner, into: &fields) }
      try scanner.end()
    } catch let problem as WireError {
      throw FrameError(id: fields.id, error: .parse("not a message: \(problem)"))
    } catch let problem as FrameError {
      throw problem
    } catch {
      throw FrameError(error: .parse("not a message"))
    }
    return try parts(of: fields)
  }

  private static func read(
    _ key: UnsafeRawBufferPointer, _ scanner: inout JSONScanner, into fields: inout Fields
  ) throws(WireError) {
    if key == "id" {
      switch scanner.peek() {
      case UInt8(ascii: "\""): fields.id = .text(try scanner.string())
      case UInt8(ascii: "n"): try scanner.skip()
      default:
        let digits = String(decoding: try scanner.skip(), as: UTF8.self)
        if let number = Int64(digits) {
          fields.id = .number(number)
        } else {
          fields.problem = "id must be a string or a whole number"
        }
      }
      return
    }
    let first = scanner.peek()
    let start = scanner.position
    try scanner.skip()
    let range = start..<scanner.position
    if key == "method" {
      fields.method = range
      if first != UInt8(ascii: "\"") { fields.problem = "method must be a string" }
    } else if key == "params" {
      fields.params = range
      if first != UInt8(ascii: "{"), first != UInt8(ascii: "[") {
        fields.problem = "params must be an object or an array"
      }
    } else if key == "result" {
      fields.result = range
    } else if key == "error" {
      fields.error = range
    }
  }

  private static func parts(of fields: Fields) throws(FrameError) -> Parts {
    if let problem = fields.problem { throw FrameError(id: fields.id, error: .invalidRequest(problem)) }
    if let method = fields.method {
      let kind: Kind = fields.id.map { .request($0) } ?? .notification
      return Parts(
        // The method without its quotes.
        kind: kind, method: (method.lowerBound + 1)..<(method.upperBound - 1), body: fields.params ?? 0..<0)
    }
    if let error = fields.error { return Parts(kind: .failure(fields.id), method: 0..<0, body: error) }
    if let result = fields.result, let id = fields.id {
      return Parts(kind: .response(id), method: 0..<0, body: result)
    }
    throw FrameError(id: fields.id, error: .invalidRequest("a message needs a method, a result or an error"))
  }
}
