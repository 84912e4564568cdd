import NIOCore
import Synchronization

/// Closes a connection that sends no request, one whose reader has stopped reading, and one too many.
final class ConnectionGuard: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = Any

  private let count: ConnectionCount
  private var isCounted = false
  private var request: Scheduled<Void>?
  private var stall: Scheduled<Void>?

  init(_ count: ConnectionCount) { self.count = count }

  func channelActive(context: ChannelHandlerContext) {
    guard count.enter() else {
      context.close(promise: nil)
      return
    }
    isCounted = true
    request = closing(context, after: HTTPLimits.requestSeconds)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    request?.cancel()
    request = nil
    context.fireChannelRead(data)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stall?.cancel()
    stall = context.channel.isWritable ? nil : closing(context, after: HTTPLimits.stallSeconds)
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    request?.cancel()
    stall?.cancel()
    if isCounted { count.leave() }
    isCounted = false
    context.fireChannelInactive()
  }

  private func closing(_ context: ChannelHandlerContext, after seconds: Int64) -> Scheduled<Void> {
    let channel = context.channel
    return context.eventLoop.scheduleTask(in: .seconds(seconds)) { channel.close(promise: nil) }
  }
}

/// How many connections there are, over all threads.
final class ConnectionCount: Sendable {
  private let limit: Int
  private let open = Mutex(0)

  init(limit: Int) { self.limit = limit }

  /// False when there are as many as may be.
  func enter() -> Bool {
    open.withLock { open in
      guard open < limit else { return false }
      open += 1
      return true
    }
  }

  func leave() { open.withLock { $0 -= 1 } }
}
