import Glibc
import NIOCore
import Wire

/// Splits the bytes of a channel into lines and hands them to its connection.
final class LineHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let connection: Connection
  private var pending = ByteBuffer()
  /// Bytes of `pending` that are known to hold no line feed.
  private var searched = 0

  init(_ connection: Connection) { self.connection = connection }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var incoming = unwrapInboundIn(data)
    if pending.readableBytes == 0 {
      pending = incoming
      searched = 0
    } else {
      pending.writeBuffer(&incoming)
    }
    deliverLines()
    // A long remainder would keep the whole read buffer alive; a short one is copied out.
    if pending.readableBytes == 0 { pending = ByteBuffer() } else { pending.discardReadBytes() }
  }

  private func deliverLines() {
    while let length = lineLength() {
      let line = pending.readSlice(length: length) ?? ByteBuffer()
      pending.moveReaderIndex(forwardBy: 1)
      searched = 0
      if length > WireLimits.messageBytes {
        tooLong()
        return
      }
      connection.received(line)
    }
    searched = pending.readableBytes
    if pending.readableBytes > WireLimits.messageBytes { tooLong() }
  }

  private func lineLength() -> Int? {
    pending.withUnsafeReadableBytes { bytes in
      guard let base = bytes.baseAddress, searched < bytes.count,
        let found = memchr(base + searched, 0x0A, bytes.count - searched)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }

  private func tooLong() {
    pending = ByteBuffer()
    searched = 0
    let limit = WireLimits.messageBytes
    connection.malformed(FrameError(error: .parse("a message is longer than \(limit) bytes")))
  }

  func channelInactive(context: ChannelHandlerContext) {
    connection.closed()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A peer that went away with bytes unread resets the connection: that is still the peer's end.
    if let error = error as? IOError, [ECONNRESET, EPIPE].contains(error.errnoCode) {
      connection.abort(.peer)
    } else {
      connection.abort(.failure("\(error)"))
    }
  }
}
