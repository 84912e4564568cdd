import Accounts
import GatewayService
import Hummingbird
import Model
import NIOCore
import Synchronization
import Wire

/// `/api/strategies/{name}/logs`: a piece of a strategy's log, or what it says as it says it.
struct LogRoutes: Sendable {
  /// Readers that may follow at once.
  static let followersMax = 64
  /// How often a follower that has everything asks again.
  private static let pause = Duration.milliseconds(250)
  private static let heartbeatEvery = 60
  /// How often it is looked whether a follower may still read.
  private static let lookEvery = Duration.seconds(10)

  private let supervision: Supervision
  private let authentication: Authentication
  private let followers = FollowerCount()

  init(gateway: Gateway, authentication: Authentication) {
    supervision = Supervision(gateway: gateway)
    self.authentication = authentication
  }

  func add(to router: Router<ArenaContext>) {
    router.get("api/strategies/:name/logs", use: logs)
  }

  /// - Note: With `Accept: text/event-stream` it goes on with what comes; `Last-Event-ID` resumes behind a line.
  @Sendable private func logs(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let name = try Supervision.name(context)
    let query = Query(request)
    var params = JSONObject()
    params["names"] = [.string(name)]
    params["lines"] = .int(try query.integer("lines", in: 1...1_000) ?? 100)
    params["after"] = try query.integer("after", in: 0...Int64.max).map { .int($0) }
    params["before"] = try query.integer("before", in: 0...Int64.max).map { .int($0) }
    params["level"] = try query.word("level", LogLevel.self).map { .string($0.rawValue) }
    params["text"] = try query.text("text").map { .string($0) }
    if let since = try query.time("since") { params["since"] = .string("\(since)") }
    if let until = try query.time("until") { params["until"] = .string("\(until)") }
    guard request.accepts("text/event-stream") else {
      let page = try await supervision.ask("logs.page", .object(params), seconds: 15)
      return .ok(Self.shown(page, forward: params["after"] != nil))
    }
    if let last = HTTPFields.Element.Name("Last-Event-ID").flatMap({ request.headers[$0] }) {
      guard let place = Int64(last), place >= 0 else {
        throw Query.wrong("Last-Event-ID", "the id of a line")
      }
      params["after"] = .int(place)
    }
    // Asked before the answer begins, so that a name that is not known has its status.
    let first = try await supervision.ask("logs.page", .object(params), seconds: 15)
    return try follow(params, first, context.credential)
  }

  /// A page for one reader, with `next`: the `after` or `before` of the next one.
  private static func shown(_ page: JSON, forward: Bool) -> JSON {
    let hasMore = page["more"]?.boolValue ?? false
    return [
      "lines": page["lines"] ?? [], "gone": page["gone"] ?? 0, "last": page["reached"] ?? .null,
      "next": hasMore ? page[forward ? "reached" : "first"] ?? .null : .null,
    ]
  }

  private func follow(
    _ params: JSONObject, _ first: JSON, _ credential: Credential
  ) throws(Answer) -> Response {
    guard let seat = followers.enter() else {
      throw Answer(
        .serviceUnavailable, "too_many_streams", "\(Self.followersMax) clients follow logs already")
    }
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"],
      body: ResponseBody { writer in
        defer { withExtendedLifetime(seat) {} }
        var (params, page) = (params, first)
        params["before"] = nil
        var quiet = 0
        var looked = ContinuousClock.now
        while !Task.isCancelled {
          if ContinuousClock.now - looked > Self.lookEvery {
            // A token that has expired or was revoked ends the stream.
            guard let reader = try? authentication.principal(of: credential), reader.may(.read) else { break }
            looked = .now
          }
          let text = Self.encoded(page)
          if text.readableBytes > 0 {
            try await writer.write(text)
            quiet = 0
          }
          params["after"] = page["reached"]
          if page["more"]?.boolValue != true || params["after"] == nil {
            try await Task.sleep(for: Self.pause)
            quiet += 1
            if quiet % Self.heartbeatEvery == 0 { try await writer.write(ByteBuffer(string: ": quiet\n\n")) }
          }
          do throws(Answer) {
            page = try await supervision.ask("logs.page", .object(params), seconds: 15)
          } catch {
            // The reader connects again, with the id of the last line.
            break
          }
        }
        try await writer.finish(nil)
      })
  }

  /// Lines as server-sent events; what is gone for good is told as an event `dropped`.
  private static func encoded(_ page: JSON) -> ByteBuffer {
    var text = ByteBuffer()
    if let gone = page["gone"]?.intValue, gone > 0 {
      text.writeString("event: dropped\ndata: {\"lines\":\(gone)}\n\n")
    }
    for line in page["lines"]?.arrayValue ?? [] {
      text.writeString("id: \(line["id"]?.intValue ?? 0)\ndata: ")
      text.writeJSON(line)
      text.writeString("\n\n")
    }
    return text
  }
}

/// Counts who follows; a seat is given back when its response is gone.
private final class FollowerCount: Sendable {
  private let taken = Mutex(0)

  func enter() -> Seat? {
    let hasRoom = taken.withLock { taken in
      guard taken < LogRoutes.followersMax else { return false }
      taken += 1
      return true
    }
    return hasRoom ? Seat(self) : nil
  }

  final class Seat: Sendable {
    private let count: FollowerCount

    init(_ count: FollowerCount) { self.count = count }

    deinit { count.taken.withLock { $0 -= 1 } }
  }
}

extension Request {
  /// Whether the client says that it takes that type, by its name.
  func accepts(_ type: String) -> Bool {
    headers[values: .accept].contains { value in
      value.split(separator: ",").contains { part in
        part.split(separator: ";").first?.trimmingPrefix(" ").lowercased() == type
      }
    }
  }
}
