public import NIOCore
import NIOPosix
import Platform

extension Connection {
  /// Connects to the Unix socket at `path`.
  public static func connect(
    path: String, on eventLoop: any EventLoop, handler: any ConnectionHandler
  ) -> EventLoopFuture<Connection> {
    let made = eventLoop.makePromise(of: Connection.self)
    ClientBootstrap(group: eventLoop)
      .channelInitializer { channel in install(on: channel, handler: handler, made: made) }
      .connect(unixDomainSocketPath: path)
      .whenFailure { made.fail($0) }
    return made.futureResult
  }

  /// Takes over a connected socket that was inherited or made by `socketpair`.
  public static func adopt(
    fd: CInt, on eventLoop: any EventLoop, handler: any ConnectionHandler
  ) -> EventLoopFuture<Connection> {
    let made = eventLoop.makePromise(of: Connection.self)
    ClientBootstrap(group: eventLoop)
      .channelInitializer { channel in install(on: channel, handler: handler, made: made) }
      .withConnectedSocket(fd)
      .whenFailure { made.fail($0) }
    return made.futureResult
  }

  private static func install(
    on channel: any Channel, handler: any ConnectionHandler, made: EventLoopPromise<Connection>
  ) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      let connection = Connection(channel: channel, peer: nil, handler: handler)
      try channel.pipeline.syncOperations.addHandler(LineHandler(connection))
      try channel.pipeline.syncOperations.addHandler(ActiveNotice(connection, made))
    }
  }
}

/// Hands the connection out once its channel is connected, and then leaves the pipeline.
private final class ActiveNotice: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let connection: Connection
  private let made: EventLoopPromise<Connection>

  init(_ connection: Connection, _ made: EventLoopPromise<Connection>) {
    self.connection = connection
    self.made = made
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { made.succeed(connection) }
  }

  func channelActive(context: ChannelHandlerContext) {
    made.succeed(connection)
    context.fireChannelActive()
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }
}
