import NIOCore
import NIOWebSocket

/// The end of a connection that has become a WebSocket: it puts frames together, answers pings, and passes whole messages
/// on.
final class WebSocketDoor: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = ByteBuffer

  /// Bytes of a frame, and of a message in any number of frames: clients only subscribe.
  static let messageBytesMax = 65_536
  /// Frames that a client may send at once, and each second after that.
  private static let framesPerSecond = 50.0
  private static let framesAtOnce = 200.0

  private let id: Int
  private let fanOut: FanOut
  private let terms: StreamTerms
  private let conversation: Conversation
  private let seat: StreamSeat
  private var message: ByteBuffer?
  private var allowance = WebSocketDoor.framesAtOnce
  private var allowedAt = NIODeadline.now()
  private var isEnding = false

  init(_ id: Int, _ fanOut: FanOut, _ terms: StreamTerms, _ conversation: Conversation, _ seat: StreamSeat) {
    self.id = id
    self.fanOut = fanOut
    self.terms = terms
    self.conversation = conversation
    self.seat = seat
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let door = NIOLoopBound(context, eventLoop: context.eventLoop)
    if context.channel.isActive { fanOut.assumeIsolated { [id, terms] in $0.enter(id, door, terms) } }
  }

  func handlerRemoved(context: ChannelHandlerContext) { fanOut.assumeIsolated { [id] in $0.leave(id) } }

  // MARK: - What comes in

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    guard !isEnding else {
      if frame.opcode == .connectionClose { context.close(promise: nil) }
      return
    }
    guard takesAnother() else { return end(context, .policy, "too many messages") }
    // Only clients mask, and they always do; reserved bits belong to extensions, of which there are none.
    guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
      return end(context, .protocolError, "unmasked or reserved")
    }
    switch frame.opcode {
    case .ping:
      fanOut.assumeIsolated { [id] in $0.change(id) { _ in } }
      context.writeAndFlush(NIOAny(StreamFormat.pong(frame.unmaskedData)), promise: nil)
    case .pong: fanOut.assumeIsolated { [id] in $0.change(id) { _ in } }
    case .connectionClose: end(context, .normal, "")
    case .binary: end(context, .unsupportedData, "text only")
    case .text:
      guard message == nil else { return end(context, .protocolError, "a message began within another") }
      take(context, ByteBuffer(), frame)
    case .continuation:
      guard let begun = message else { return end(context, .protocolError, "nothing to continue") }
      take(context, begun, frame)
    default: end(context, .protocolError, "unknown frame")
    }
  }

  private func take(_ context: ChannelHandlerContext, _ begun: ByteBuffer, _ frame: WebSocketFrame) {
    var text = begun
    text.writeImmutableBuffer(frame.unmaskedData)
    guard text.readableBytes <= Self.messageBytesMax else { return end(context, .tooBig, "64 KiB at most") }
    guard frame.fin else {
      message = text
      return
    }
    message = nil
    guard let words = String(validating: text.readableBytesView, as: UTF8.self) else {
      return end(context, .badText, "no UTF-8")
    }
    fanOut.assumeIsolated { [id, conversation, seat] fanOut in
      fanOut.change(id) { reader in
        conversation.answer(words, reader)
        if reader.isAdmitted { seat.identify() }
      }
    }
  }

  private func takesAnother() -> Bool {
    let now = NIODeadline.now()
    let seconds = Double((now - allowedAt).nanoseconds) / 1e9
    allowance = min(Self.framesAtOnce, allowance + seconds * Self.framesPerSecond) - 1
    allowedAt = now
    return allowance >= 0
  }

  private func end(_ context: ChannelHandlerContext, _ code: WebSocketClose, _ reason: String) {
    guard !isEnding else { return }
    isEnding = true
    message = nil
    fanOut.assumeIsolated { [id] fanOut in fanOut.change(id) { $0.end(code, reason) } }
  }

  // MARK: - What becomes of the connection

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? NIOWebSocketError else {
      context.close(promise: nil)
      return
    }
    end(context, error == .invalidFrameLength ? .tooBig : .protocolError, "bad frame")
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { fanOut.assumeIsolated { $0.serveSoon() } }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fanOut.assumeIsolated { [id] in $0.leave(id) }
    context.fireChannelInactive()
  }
}
