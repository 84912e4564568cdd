import GatewayService
import Model
import NIOCore
import Wire

/// How a stream puts its messages: as server-sent events in chunks of an HTTP body, or as WebSocket text frames. What it
/// writes goes to the connection as it is, so that many readers can share it.
enum StreamFormat: Hashable, Sendable {
  case serverSent
  case webSocket

  /// The events that `filter` takes, ready to be sent; empty when it takes none.
  func bytes(_ events: some Sequence<StreamedEvent>, _ filter: EventFilter) -> ByteBuffer {
    message { buffer in
      for event in events where filter.takes(event) {
        switch self {
        case .serverSent:
          buffer.writeString("id: \(event.sequence)\ndata: ")
          event.write(to: &buffer)
          buffer.writeString("\n\n")
        case .webSocket:
          Self.frame(into: &buffer) { buffer in
            // The object's opening brace is written once, with the number before its first field.
            buffer.writeString("{\"id\":\(event.sequence),")
            let start = buffer.writerIndex
            event.write(to: &buffer)
            let object = buffer.getSlice(at: start + 1, length: buffer.writerIndex - start - 1)
            buffer.moveWriterIndex(to: start)
            if let object { buffer.writeImmutableBuffer(object) }
          }
        }
      }
    }
  }

  /// One message that is no event of the log, and so has no number.
  func bytes(type: String, source: String = "arena", payload: JSON) -> ByteBuffer {
    let text: JSON = [
      "source": .string(source), "type": .string(type), "payload": payload, "ts": .string("\(WallClock.now)"),
    ]
    return message { buffer in
      switch self {
      case .serverSent:
        buffer.writeString("data: ")
        buffer.writeJSON(text)
        buffer.writeString("\n\n")
      case .webSocket: Self.frame(into: &buffer) { $0.writeJSON(text) }
      }
    }
  }

  /// The last bytes of a stream: the end of the HTTP body, or a close frame.
  func ending(_ code: WebSocketClose, _ reason: String) -> ByteBuffer {
    switch self {
    case .serverSent: ByteBuffer(string: "0\r\n\r\n")
    case .webSocket: Self.close(code.rawValue, reason)
    }
  }

  private func message(_ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
    var buffer = ByteBuffer()
    guard self == .serverSent else {
      write(&buffer)
      return buffer
    }
    // Eight digits are there before the length is known; zeros in front of a chunk's length mean nothing.
    buffer.writeStaticString("00000000\r\n")
    let start = buffer.writerIndex
    write(&buffer)
    let length = buffer.writerIndex - start
    guard length > 0 else { return ByteBuffer() }
    let digits = String(length, radix: 16)
    buffer.setString(digits, at: 8 - digits.utf8.count)
    buffer.writeStaticString("\r\n")
    return buffer
  }

  // MARK: - WebSocket frames (RFC 6455, 5.2): whole messages, unmasked

  /// A text frame with what `write` writes.
  static func frame(into buffer: inout ByteBuffer, _ write: (inout ByteBuffer) -> Void) {
    let start = buffer.writerIndex
    // The longest head; a shorter one lets the payload move up.
    buffer.writeRepeatingByte(0, count: 4)
    write(&buffer)
    let length = buffer.writerIndex - start - 4
    buffer.setInteger(UInt8(0x81), at: start)
    if length < 126 {
      buffer.setInteger(UInt8(length), at: start + 1)
      move(&buffer, from: start + 4, to: start + 2, length)
    } else if length <= UInt16.max {
      buffer.setInteger(UInt8(126), at: start + 1)
      buffer.setInteger(UInt16(length), at: start + 2)
    } else {
      buffer.writeRepeatingByte(0, count: 6)
      move(&buffer, from: start + 4, to: start + 10, length)
      buffer.setInteger(UInt8(127), at: start + 1)
      buffer.setInteger(UInt64(length), at: start + 2)
    }
  }

  private static func move(_ buffer: inout ByteBuffer, from: Int, to: Int, _ length: Int) {
    if let payload = buffer.getSlice(at: from, length: length) { buffer.setBuffer(payload, at: to) }
    buffer.moveWriterIndex(to: to + length)
  }

  static func pong(_ data: ByteBuffer) -> ByteBuffer { control(0x8A, data) }

  static let ping = control(0x89, ByteBuffer())

  static func close(_ code: UInt16, _ reason: String) -> ByteBuffer {
    var data = ByteBuffer()
    data.writeInteger(code)
    // A control frame has 125 bytes at most.
    data.writeString(String(reason.prefix(40)))
    return control(0x88, data)
  }

  /// - Parameter data: 125 bytes at most.
  private static func control(_ head: UInt8, _ data: ByteBuffer) -> ByteBuffer {
    var frame = ByteBuffer()
    frame.writeInteger(head)
    frame.writeInteger(UInt8(data.readableBytes))
    frame.writeImmutableBuffer(data)
    return frame
  }
}

/// Why a WebSocket ends (RFC 6455, 7.4.1).
enum WebSocketClose: UInt16, Sendable {
  case normal = 1000
  case goingAway = 1001
  case protocolError = 1002
  case unsupportedData = 1003
  case badText = 1007
  case policy = 1008
  case tooBig = 1009
  case tryLater = 1013
}
