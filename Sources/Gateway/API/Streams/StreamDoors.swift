import NIOCore

/// The end of a connection that has become a stream of server-sent events: it tells of room and of the end, and lets
/// nothing more in.
final class EventDoor: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let id: Int
  private let fanOut: FanOut
  private let terms: StreamTerms
  /// A place among the streams, given back with this.
  private let seat: StreamSeat

  init(_ id: Int, _ fanOut: FanOut, _ terms: StreamTerms, _ seat: StreamSeat) {
    self.id = id
    self.fanOut = fanOut
    self.terms = terms
    self.seat = seat
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let door = NIOLoopBound(context, eventLoop: context.eventLoop)
    if context.channel.isActive { fanOut.assumeIsolated { [id, terms] in $0.enter(id, door, terms) } }
  }

  func handlerRemoved(context: ChannelHandlerContext) { fanOut.assumeIsolated { [id] in $0.leave(id) } }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // Whatever it says after its request is not listened to.
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { fanOut.assumeIsolated { $0.serveSoon() } }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // It does not read either, then.
    if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fanOut.assumeIsolated { [id] in $0.leave(id) }
    context.fireChannelInactive()
  }
}
