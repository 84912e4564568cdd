import GatewayService
import NIOCore
import NIOHTTP1

/// Sees that a connection keeps its time: a request must be there in a while, answers must be read, and who waits for
/// long makes room. It stands between HTTP's decoder and the routes; ``ByteWatch``, before the decoder, tells it of bytes.
final class ConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// Bytes of a body that are still read after its request was answered: a client that sends on, and only then reads,
  /// shall find the answer.
  private static let drainedMax = 16 * 1_048_576

  private enum Reading {
    /// No byte of a request is there.
    case nothing
    case request
  }

  private let table: ConnectionTable
  private let board: HTTPBoard
  private let requestTime: TimeAmount
  private let stallTime: TimeAmount
  /// Where it waits in the table; nil: it is at work, or in no table.
  private var waiting: Int?
  private var isCounted = false
  private var reading = Reading.nothing
  /// Requests that are here in full and not answered in full; -1: the one that is coming in is answered already.
  private var unanswered = 0
  private var closesAfterAnswer = false
  private var drained = 0
  private var deadline: Scheduled<Void>?
  private var stall: Scheduled<Void>?
  private var isStream = false

  init(_ table: ConnectionTable, _ board: HTTPBoard, requestTime: TimeAmount, stallTime: TimeAmount) {
    self.table = table
    self.board = board
    self.requestTime = requestTime
    self.stallTime = stallTime
  }

  /// A connection's last request is answered with a stream: it sends nothing more, is not counted among the connections,
  /// and has no times to keep but to read.
  static func becomeStream(_ channel: any Channel) {
    guard let watch = try? channel.pipeline.syncOperations.handler(type: ConnectionWatch.self) else { return }
    watch.isStream = true
    watch.deadline?.cancel()
    watch.leave()
  }

  func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { enter(context) } }

  func channelActive(context: ChannelHandlerContext) {
    enter(context)
    context.fireChannelActive()
  }

  private func enter(_ context: ChannelHandlerContext) {
    guard !isCounted else { return }
    guard let place = table.enter(context.channel) else {
      context.close(promise: nil)
      return
    }
    isCounted = true
    waiting = place
    startDeadline(context)
  }

  private func leave() {
    if isCounted { table.leave(waiting) }
    isCounted = false
    waiting = nil
  }

  // MARK: - Requests

  /// Bytes have come, which may be the first of a request.
  func bytesCame(_ context: ChannelHandlerContext) {
    guard !isStream, reading == .nothing else { return }
    reading = .request
    begin(context)
  }

  /// A request comes in: it has its time from now on, and the connection is at work.
  private func begin(_ context: ChannelHandlerContext) {
    if deadline == nil { startDeadline(context) }
    if let place = waiting {
      waiting = nil
      // Where its place is taken already, it is being closed.
      isCounted = table.work(place)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      // It may have come with the end of the one before.
      if reading == .nothing, !isStream { begin(context) }
      reading = .request
      // HTTP's decoder reads nothing more on such a connection, and a second request would wait for ever.
      closesAfterAnswer = head.headers.contains(name: "upgrade")
    case .body(let body):
      guard unanswered < 0 else { break }
      drained += body.readableBytes
      if drained > Self.drainedMax {
        context.close(promise: nil)
        return
      }
    case .end:
      reading = .nothing
      unanswered += 1
      drained = 0
      rest(context)
      deadline?.cancel()
      deadline = nil
    }
    context.fireChannelRead(data)
  }

  private func startDeadline(_ context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    deadline = context.eventLoop.scheduleTask(in: requestTime) {
      let (watch, context) = bound.value
      watch.deadline = nil
      // The next request may wait here for as long as the one before it takes.
      guard watch.unanswered <= 0 else { return watch.startDeadline(context) }
      watch.board.count { $0.cutOff += 1 }
      context.close(promise: nil)
    }
  }

  // MARK: - Answers

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .end = unwrapOutboundIn(data) else {
      context.write(data, promise: promise)
      return
    }
    unanswered -= 1
    guard !closesAfterAnswer else {
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      let channel = context.channel
      // Closed any sooner, the connection would lose what the client has not taken yet.
      written.futureResult.whenComplete { _ in channel.close(promise: nil) }
      context.writeAndFlush(data, promise: written)
      return
    }
    context.write(data, promise: promise)
    rest(context)
  }

  /// Where nothing is under way, it waits from now on: what still comes of a request that is answered is not work.
  private func rest(_ context: ChannelHandlerContext) {
    guard unanswered < 0 || unanswered == 0 && reading == .nothing, isCounted, waiting == nil else { return }
    waiting = table.rest(context.channel)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stall?.cancel()
    stall = nil
    if !context.channel.isWritable {
      let (channel, board) = (context.channel, board)
      stall = context.eventLoop.scheduleTask(in: stallTime) {
        board.count { $0.stalled += 1 }
        channel.close(promise: nil)
      }
    }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    stall?.cancel()
    leave()
    context.fireChannelInactive()
  }
}

/// Tells a connection's watch of bytes, before anybody makes sense of them.
final class ByteWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let watch: ConnectionWatch

  init(_ watch: ConnectionWatch) { self.watch = watch }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    watch.bytesCame(context)
    context.fireChannelRead(data)
  }
}
