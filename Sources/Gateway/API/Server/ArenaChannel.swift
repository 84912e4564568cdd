import Config
import GatewayService
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL

/// A client's connection: TLS where there is a certificate, the watch over its times, HTTP/1.1, then the routes.
struct ArenaChannel: ServerChildChannel, HTTPChannelHandler {
  typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  /// Header fields of a request.
  private static let fieldsMax = 100
  /// What the system may hold for a reader that takes nothing, beside what the connection itself does.
  private static let sendBufferBytes = 262_144

  let responder: HTTPChannelHandler.Responder
  let settings: DaemonSettings.HTTP
  let table: ConnectionTable
  let board: HTTPBoard
  /// Nil: plain text.
  let tls: CertificateHolder?

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: Self.sendBufferBytes)
      let pipeline = channel.pipeline.syncOperations
      if let context = tls?.context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
      var limits = NIOHTTPDecoderLimitConfiguration()
      limits.maxHeaderFieldSize = settings.headerMax
      limits.maxHeaderListSize = settings.headerMax
      limits.maxHeaderFieldCount = Self.fieldsMax
      let watch = ConnectionWatch(
        table, board, requestTime: .nanoseconds(settings.requestTimeout.wholeNanoseconds),
        stallTime: .nanoseconds(settings.stallTimeout.wholeNanoseconds))
      try pipeline.addHandler(ByteWatch(watch))
      try pipeline.addHandler(HTTPResponseEncoder())
      try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits)))
      try pipeline.addHandler(watch)
      try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: tls != nil))
      try pipeline.addHandler(
        HTTPConnectionStateHandler(idleTimeout: settings.idleTimeout, logger: logger))
      return try NIOAsyncChannel(
        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

  func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}

extension Duration {
  /// In nanoseconds.
  fileprivate var wholeNanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
