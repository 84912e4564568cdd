public import Model
public import NIOCore

/// The `id` of a request: a number, as all our own programs use, or a string.
public enum RequestID: Hashable, Sendable {
  case number(Int64)
  case text(String)

  var json: JSON {
    switch self {
    case .number(let value): .int(value)
    case .text(let value): .string(value)
    }
  }
}

/// An error reply: the protocol's code, a sentence for a person and a stable word for a program.
public struct RPCError: Error, Hashable, Sendable, CustomStringConvertible {
  public let code: Int
  public let message: String
  /// `data.reason`.
  public let reason: String?

  public init(code: Int, message: String, reason: String? = nil) {
    self.code = code
    self.message = message
    self.reason = reason
  }

  public var description: String { message }

  public static func parse(_ message: String) -> RPCError { RPCError(code: -32700, message: message) }
  /// JSON, but no request (-32600).
  public static func invalidRequest(_ message: String) -> RPCError {
    RPCError(code: -32600, message: message)
  }
  /// The receiver knows no such method (-32601).
  public static func unknownMethod(_ method: String) -> RPCError {
    RPCError(code: -32601, message: "there is no method \(method)", reason: "unknown_method")
  }
  /// Parameters are missing or of the wrong kind (-32602); the message names the field.
  public static func invalidParams(_ message: String) -> RPCError {
    RPCError(code: -32602, message: message, reason: "invalid_params")
  }
  /// Our own mistake (-32603).
  public static func internalError(_ message: String) -> RPCError { RPCError(code: -32603, message: message) }
  /// Understood and not done (-32000), with the word for it.
  public static func refused(_ reason: String, _ message: String) -> RPCError {
    RPCError(code: -32000, message: message, reason: reason)
  }
  /// The same, from a value.
  public static func refused(_ refusal: Refusal) -> RPCError { refused(refusal.reason, refusal.message) }
  /// No common protocol version (-32010).
  public static func version(_ offered: String) -> RPCError {
    RPCError(
      code: -32010,
      message: "no common protocol version: this side speaks \(WireLimits.protocolVersions.lowerBound) to "
        + "\(WireLimits.protocolVersions.upperBound), the peer \(offered)",
      reason: "protocol_version")
  }
  public static let helloRequired = RPCError(
    code: -32011, message: "hello must be the first message", reason: "hello_required")
  public static let unknownToken = RPCError(
    code: -32011, message: "the token is not one of a running worker", reason: "unknown_token")
}

extension ByteBuffer {
  /// Writes a request line.
  public mutating func writeRequest(_ id: RequestID, _ method: String, _ params: JSON) {
    writeStaticString("{\"jsonrpc\":\"2.0\",\"id\":")
    writeJSON(id.json)
    writeMethod(method, params)
  }

  /// Writes a notification line.
  public mutating func writeNotification(_ method: String, _ params: JSON) {
    writeStaticString("{\"jsonrpc\":\"2.0\"")
    writeMethod(method, params)
  }

  /// Writes a request line whose parameters `body` writes.
  public mutating func writeRequest(
    _ id: RequestID, _ method: StaticString, params body: (inout JSONWriter) -> Void
  ) {
    writeStaticString("{\"jsonrpc\":\"2.0\",\"id\":")
    writeJSON(id.json)
    writeStaticString(",\"method\":\"")
    writeStaticString(method)
    writeStaticString("\",\"params\":")
    write(body)
    writeStaticString("}\n")
  }

  private mutating func writeMethod(_ method: String, _ params: JSON) {
    writeStaticString(",\"method\":")
    writeJSONString(method)
    writeStaticString(",\"params\":")
    writeJSON(params)
    writeStaticString("}\n")
  }

  /// Writes a response line.
  public mutating func writeResponse(_ id: RequestID, result: JSON) {
    writeResponse(id) { $0.value(result) }
  }

  /// Writes a response line whose result `body` writes; an error in its place when it becomes too long.
  public mutating func writeResponse(_ id: RequestID, result body: (inout JSONWriter) -> Void) {
    let start = writerIndex
    writeStaticString("{\"jsonrpc\":\"2.0\",\"id\":")
    write(id)
    writeStaticString(",\"result\":")
    write(body)
    writeStaticString("}\n")
    guard writerIndex - start > WireLimits.messageBytes + 1 else { return }
    // The peer would take such a line for an attack and close the connection.
    moveWriterIndex(to: start)
    writeFailure(id, .refused("answer_too_long", "the answer is longer than a message may be: ask for less"))
  }

  /// Writes an error line; without an id for a message that had none to read.
  public mutating func writeFailure(_ id: RequestID?, _ error: RPCError) {
    var object: JSONObject = JSONObject()
    object["code"] = .int(error.code)
    object["message"] = .string(error.message)
    if let reason = error.reason { object["data"] = ["reason": .string(reason)] }
    writeStaticString("{\"jsonrpc\":\"2.0\",\"id\":")
    writeJSON(id?.json ?? .null)
    writeStaticString(",\"error\":")
    writeJSON(.object(object))
    writeStaticString("}\n")
  }

  /// Writes a notification line whose parameters `body` writes.
  public mutating func writeNotification(_ method: StaticString, params body: (inout JSONWriter) -> Void) {
    writeStaticString("{\"jsonrpc\":\"2.0\",\"method\":\"")
    writeStaticString(method)
    writeStaticString("\",\"params\":")
    write(body)
    writeStaticString("}\n")
  }

  private mutating func write(_ id: RequestID) {
    switch id {
    case .number(let number): writeDecimal(number)
    case .text(let text): writeJSONString(text)
    }
  }

  private mutating func write(_ body: (inout JSONWriter) -> Void) {
    // The writer takes the storage over and gives it back, so that no copy is made.
    var writer = JSONWriter(self)
    self = ByteBuffer()
    body(&writer)
    self = writer.buffer
  }
}
