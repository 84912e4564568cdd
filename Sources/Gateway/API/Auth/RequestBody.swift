import Hummingbird
import NIOCore
import Wire

extension Request {
  /// The body as a JSON object.
  ///
  /// - Throws: ``Answer`` with 400 or 413.
  func jsonObject(context: ArenaContext) async throws -> JSON {
    let buffer: ByteBuffer
    do {
      buffer = try await body.collect(upTo: context.bodyBytesMax)
    } catch is NIOTooManyBytesError {
      throw Answer(
        .contentTooLarge, "body_too_large", "the body is longer than \(context.bodyBytesMax) bytes: send less"
      )
    }
    do throws(WireError) {
      let json = try buffer.readableBytesView.withUnsafeBytes { bytes in
        Result { () throws(WireError) in try JSON.parse(bytes) }
      }.get()
      guard json.objectValue != nil else { throw WireError("it is no object", at: 0) }
      return json
    } catch {
      throw Answer(.badRequest, "bad_json", "the body must be a JSON object: \(error)")
    }
  }
}

extension JSON {
  /// A field that must be there.
  ///
  /// - Throws: ``Answer`` with 400, naming it.
  func text(_ key: String) throws(Answer) -> String {
    guard let value = self[key], !value.isNull else {
      throw Answer(.badRequest, "missing_field", "\(key) is missing")
    }
    guard let text = value.stringValue else {
      throw Answer(.badRequest, "bad_field", "\(key) must be a string")
    }
    return text
  }

  func optionalText(_ key: String) throws(Answer) -> String? {
    guard let value = self[key], !value.isNull else { return nil }
    return try text(key)
  }
}
