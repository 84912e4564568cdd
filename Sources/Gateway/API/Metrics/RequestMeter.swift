import GatewayService
import Hummingbird
import Model
import Synchronization

/// Counts requests by route and status, and logs those that failed, by their ids.
///
/// A route is its pattern, so there are no more label values than routes; what leads nowhere is `other`.
final class RequestMeter: Sendable {
  struct Key: Hashable {
    let method: String
    let route: String
    let status: Int
  }

  struct Counts: Sendable {
    var requests: [Key: UInt64] = [:]
    /// From the request's header to the answer's.
    var times: [String: DurationHistogram] = [:]
  }

  private struct LogRoom {
    var second: Int64 = 0
    var left = 0
    var unsaid = 0
  }

  /// Failed requests that are logged in a second.
  private static let linesPerSecond = 10
  private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

  private let counts = Mutex(Counts())
  private let room = Mutex(LogRoom())

  var current: Counts { counts.withLock { $0 } }

  func count(_ method: String, _ route: String, _ status: Int, _ time: Duration) {
    let key = Key(method: Self.methods.contains(method) ? method : "other", route: route, status: status)
    counts.withLock { counts in
      counts.requests[key, default: 0] += 1
      counts.times[route, default: DurationHistogram()].add(time)
    }
  }

  /// Whether a line may be logged now, and how many were not since the last.
  func takeLine(now: Int64) -> Int? {
    room.withLock { room in
      if room.second != now {
        room.second = now
        room.left = Self.linesPerSecond
      }
      guard room.left > 0 else {
        room.unsaid += 1
        return nil
      }
      room.left -= 1
      defer { room.unsaid = 0 }
      return room.unsaid
    }
  }
}

/// Measures every request; the outermost of all that look at one.
struct Metering: RouterMiddleware {
  let meter: RequestMeter
  let gateway: Gateway

  func handle(
    _ request: Request, context: ArenaContext,
    next: (Request, ArenaContext) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    let response = try await next(request, context)
    let path = context.endpointPath ?? "other"
    let route = path == "NotFound" ? "other" : path
    meter.count(request.method.rawValue, route, response.status.code, .now - start)
    if let id = response.failureID { await log(request, response, id, context.origin) }
    return response
  }

  /// What is refused for its shape or its sender is everyday; what fails on our side, and what would have changed
  /// something, is worth a line that a person finds by the id in the answer.
  private func log(_ request: Request, _ response: Response, _ id: String, _ origin: String) async {
    let isOurs = response.status.code >= 500
    guard isOurs || request.method != .get && request.method != .head else { return }
    guard let unsaid = meter.takeLine(now: WallClock.now.nanoseconds / 1_000_000_000) else { return }
    let more = unsaid > 0 ? " (\(unsaid) more like it were not logged)" : ""
    let error = response.headers[.failureReason] ?? ""
    await gateway.log(
      isOurs ? .warning : .info,
      "HTTP \(request.method.rawValue) \(request.uri.path.prefix(200)) from \(origin): "
        + "\(response.status.code) \(error), request \(id)\(more)")
  }
}

extension HTTPFields.Element.Name {
  /// The id of a request that failed, as it stands in the body.
  static let requestID = Self("X-Request-ID") ?? .eTag
  /// The word of the error.
  static let failureReason = Self("X-Error") ?? .eTag
}

extension Response {
  /// The id that an error answer gave its request.
  var failureID: String? { status.code >= 400 ? headers[.requestID] : nil }
}
