import GatewayService
import Hummingbird
import Model
import NIOCore
import Synchronization
import Wire

/// `GET /events`: every event as it happens, as server-sent events.
///
/// A stream is a place in the sequence and nothing more. Its reader gets all that is there in one write and waits
/// for the next; one that falls behind goes on from the store, one that stops reading is dropped.
final class EventStreams: Sendable {
  /// Events in one write.
  private static let chunk = 512

  private struct State {
    var open = 0
    var next = 1
  }

  private let gateway: Gateway
  private let state = Mutex(State())

  init(_ gateway: Gateway) { self.gateway = gateway }

  func response(to request: Request) -> Response {
    let place: Int64
    switch self.place(request) {
    case .success(let found): place = found
    case .failure(let problem): return .failure(.badRequest, "bad_request", problem.message)
    }
    guard let reader = enter() else {
      return .failure(
        .serviceUnavailable, "too_many_streams", "\(HTTPLimits.streams) clients read events already.")
    }
    let types = request.uri.queryParameters["types"].map { list in
      Set(list.split(separator: ",").map(String.init))
    }
    let leaving = Leaving { [self] in leave() }
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"],
      body: ResponseBody { [self] writer in
        defer { withExtendedLifetime(leaving) {} }
        try await stream(after: place, types: types, reader: reader, to: &writer)
        try await writer.finish(nil)
      })
  }

  private func stream(
    after place: Int64, types: Set<String>?, reader: Int, to writer: inout any ResponseBodyWriter
  ) async throws {
    var place = place
    try await writer.write(Self.heartbeat())
    while !Task.isCancelled {
      switch await gateway.events.next(after: place, limit: Self.chunk, reader: reader) {
      case .events(let events): try await write(events, types, &place, to: &writer)
      case .older:
        let events = try await gateway.storedEvents(after: place, limit: Self.chunk)
        guard !events.isEmpty else { return }
        try await write(events, types, &place, to: &writer)
      case .quiet: try await writer.write(Self.heartbeat())
      case .closed: return
      }
    }
  }

  private func write(
    _ events: [EncodedEvent], _ types: Set<String>?, _ place: inout Int64,
    to writer: inout any ResponseBodyWriter
  ) async throws {
    var buffer = ByteBuffer()
    for event in events where types?.contains(event.type) ?? true { buffer.writeImmutableBuffer(event.bytes) }
    place = events.last?.sequence ?? place
    if buffer.readableBytes > 0 { try await writer.write(buffer) }
  }

  /// Has no id: it is not an event of the log.
  private static func heartbeat() -> ByteBuffer {
    ByteBuffer(
      string:
        "data: {\"source\":\"arena\",\"type\":\"heartbeat\",\"payload\":{},\"ts\":\"\(WallClock.now)\"}\n\n")
  }

  // MARK: - Who reads

  /// Where a stream begins: behind the event that the client had last, else now.
  private func place(_ request: Request) -> Result<Int64, Refusal> {
    let header = HTTPFields.Element.Name("Last-Event-ID").flatMap { request.headers[$0] }
    let last = gateway.events.last
    guard let text = header ?? request.uri.queryParameters["after"].map(String.init) else {
      return .success(last)
    }
    guard let place = Int64(text), place >= 0 else {
      return .failure(
        Refusal("bad_request", "Last-Event-ID and after must be the number of an event, not \(text)."))
    }
    return .success(min(place, last))
  }

  private func enter() -> Int? {
    state.withLock { state in
      guard state.open < HTTPLimits.streams else { return nil }
      state.open += 1
      state.next += 1
      return state.next
    }
  }

  private func leave() { state.withLock { $0.open -= 1 } }

  /// Counts a stream out when its response is gone, written or not.
  private final class Leaving: Sendable {
    private let action: @Sendable () -> Void

    init(_ action: @escaping @Sendable () -> Void) { self.action = action }

    deinit { action() }
  }
}
