import Accounts
import Config
import GatewayService
import Hummingbird
import Model
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization
import Wire

/// `GET /events` and `/arena/events`: every event as it happens, as server-sent events; `GET /ws`: the same as a
/// WebSocket, and quotes.
final class StreamRoutes: Sendable {
  private let gateway: Gateway
  private let authentication: Authentication
  private let seats: StreamSeats
  /// By thread.
  private let fanOuts = Mutex<[ObjectIdentifier: FanOut]>([:])

  init(_ gateway: Gateway, _ authentication: Authentication) {
    self.gateway = gateway
    self.authentication = authentication
    seats = StreamSeats(limit: gateway.configuration.settings.http.streams, board: gateway.http)
  }

  func add(to router: Router<ArenaContext>) {
    router.get("events", use: events)
    router.get("arena/events", use: events)
    router.get("ws", use: webSocket)
  }

  /// How many clients read streams.
  var open: Int { seats.open }

  private func fanOut(_ loop: any EventLoop) -> FanOut {
    let (fanOut, isNew) = fanOuts.withLock { fanOuts in
      if let known = fanOuts[ObjectIdentifier(loop)] { return (known, false) }
      let made = FanOut(gateway, authentication, on: loop)
      fanOuts[ObjectIdentifier(loop)] = made
      return (made, true)
    }
    if isNew { fanOut.listen() }
    return fanOut
  }

  private func seat(isIdentified: Bool = true) throws(Answer) -> StreamSeat {
    if let seat = seats.take(isIdentified: isIdentified) { return seat }
    guard isIdentified || seats.open >= seats.limit else {
      throw Answer(
        .serviceUnavailable, "too_many_streams",
        "\(StreamSeats.unidentifiedMax) clients are connected that have not said who they are: show a token at once"
      )
    }
    throw Answer(
      .serviceUnavailable, "too_many_streams",
      "\(seats.limit) clients read events already: close some, or raise [http] streams")
  }

  // MARK: - Server-sent events

  @Sendable private func events(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.events)
    let place = try place(request, header: "Last-Event-ID")
    let filter = EventFilter(
      types: Self.words(request, "types"), strategies: Self.words(request, "strategy"))
    let terms = StreamTerms(
      format: .serverSent, credential: context.credential, place: place ?? gateway.events.last, filter: filter
    )
    let seat = try seat()
    let channel = context.channel
    let fanOut = fanOut(channel.eventLoop)
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"],
      // The head is on its way when this is called. From then on the connection is the fan-out's.
      body: ResponseBody { _ in
        try await channel.eventLoop.submit {
          ConnectionWatch.becomeStream(channel)
          let pipeline = channel.pipeline.syncOperations
          let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
          try pipeline.addHandler(EventDoor(seat.id, fanOut, terms, seat), position: .before(encoder))
        }.get()
        try await channel.closeFuture.get()
      })
  }

  // MARK: - WebSocket

  @Sendable private func webSocket(_ request: Request, _ context: ArenaContext) async throws -> Response {
    // A page of another site can have its visitor's browser connect here, with his cookie.
    if let origin = request.headers[.origin], !Manners.isOwn(origin, request.head.authority) {
      throw Answer(
        .forbidden, "wrong_origin",
        "A page of another site may not do this: it came from \(origin.prefix(100)).")
    }
    let accept = try await Self.accept(request, context.channel)
    let terms = try webSocketTerms(request, context)
    let seat = try seat(isIdentified: !terms.mayIdentifyLater)
    let channel = context.channel
    let fanOut = fanOut(channel.eventLoop)
    let conversation = Conversation(gateway: gateway, authentication: authentication)
    var response = Response(
      status: .switchingProtocols, headers: [.upgrade: "websocket", .connection: "upgrade"],
      body: ResponseBody { _ in
        await fanOut.open(seat.id)
        try await channel.closeFuture.get()
      })
    // Before the client hears of it: its first frames may follow at once, and must not meet HTTP's decoder.
    try await channel.eventLoop.submit {
      ConnectionWatch.becomeStream(channel)
      let pipeline = channel.pipeline.syncOperations
      let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
      let frames = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: WebSocketDoor.messageBytesMax))
      try pipeline.addHandler(frames, position: .before(encoder))
      try pipeline.addHandler(
        WebSocketDoor(seat.id, fanOut, terms, conversation, seat), position: .before(encoder))
    }.get()
    if let name = HTTPFields.Element.Name("Sec-WebSocket-Accept") { response.headers[name] = accept }
    return response
  }

  /// Who it is and what it gets unless it says something else: every event from now on.
  private func webSocketTerms(_ request: Request, _ context: ArenaContext) throws(Answer) -> StreamTerms {
    var credential = context.credential
    if credential.token == nil {
      credential.token = request.uri.queryParameters["access_token"].map(String.init)
    }
    let channels = try StreamChannels(Self.words(request, "channels").map { $0.sorted() })
    let place = try place(request, header: nil)
    var terms = StreamTerms(format: .webSocket, credential: credential)
    terms.instruments = channels.instruments
    terms.filter = EventFilter(
      types: Self.words(request, "types"), strategies: Self.words(request, "strategy"))
    if channels.events { terms.place = place ?? gateway.events.last }
    if case .anonymous = authentication.identity(of: credential) {
      terms.mayIdentifyLater = true
    } else {
      try channels.check(try authentication.principal(of: credential))
    }
    return terms
  }

  /// The answer to a handshake's key (RFC 6455, 4.2.2).
  private static func accept(_ request: Request, _ channel: any Channel) async throws -> String {
    guard request.headers[.upgrade]?.lowercased() == "websocket" else {
      throw Answer(
        .upgradeRequired, "websocket_only", "this path speaks WebSocket: connect with ws:// or wss://")
    }
    var headers = HTTPHeaders()
    for field in request.headers where field.name.canonicalName.hasPrefix("sec-websocket-") {
      headers.add(name: field.name.canonicalName, value: field.value)
    }
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/ws", headers: headers)
    let upgrader = NIOWebSocketServerUpgrader(
      shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
      upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
    do {
      let answer = try await channel.eventLoop.flatSubmit {
        upgrader.buildUpgradeResponse(
          channel: channel, upgradeRequest: head, initialResponseHeaders: HTTPHeaders())
      }.get()
      return answer["Sec-WebSocket-Accept"].first ?? ""
    } catch {
      throw Answer(
        .badRequest, "bad_handshake",
        "a WebSocket handshake has Sec-WebSocket-Version: 13 and one Sec-WebSocket-Key")
    }
  }

  // MARK: - What a request says

  /// Where a stream begins: behind the event that the client had last; nil: with the next.
  private func place(_ request: Request, header: String?) throws(Answer) -> Int64? {
    let known = header.flatMap { HTTPFields.Element.Name($0) }.flatMap { request.headers[$0] }
    guard let text = known ?? request.uri.queryParameters["after"].map(String.init) else { return nil }
    guard let place = Int64(text), place >= 0 else {
      throw Answer(
        .badRequest, "bad_field",
        "Last-Event-ID and after must be the number of an event, not \(text.prefix(32))")
    }
    return min(place, gateway.events.last)
  }

  private static func words(_ request: Request, _ name: Substring) -> Set<String>? {
    request.uri.queryParameters[name].map { Set($0.split(separator: ",").map(String.init)) }
  }
}
