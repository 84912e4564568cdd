import Accounts
import Config
import GatewayService
import Hummingbird
import NIOCore
import Synchronization

/// How often somebody may ask: so many orders and so many other requests a second, for each user and, for those without
/// a login, for each address.
struct RequestRates: RouterMiddleware {
  private final class Budgets: Sendable {
    private let orders: Mutex<RequestBudget>?
    private let reads: Mutex<RequestBudget>?

    init(_ settings: DaemonSettings.HTTP) {
      orders = Self.budget(settings.ordersPerSecond)
      reads = Self.budget(settings.readsPerSecond)
    }

    /// Twice a second's requests at once, as a page loads.
    private static func budget(_ perSecond: Int) -> Mutex<RequestBudget>? {
      guard perSecond > 0 else { return nil }
      return Mutex(RequestBudget(capacity: 2 * perSecond, perSecond: Double(perSecond)))
    }

    func take(_ key: String, isOrder: Bool, now: Int64) -> Int64? {
      // Each alone, as a lock cannot be handed on.
      if isOrder {
        orders?.withLock { $0.take(key, now: now) }
      } else {
        reads?.withLock { $0.take(key, now: now) }
      }
    }
  }

  private let budgets: Budgets

  private let board: HTTPBoard

  init(_ settings: DaemonSettings.HTTP, _ board: HTTPBoard) {
    budgets = Budgets(settings)
    self.board = board
  }

  func handle(
    _ request: Request, context: ArenaContext,
    next: (Request, ArenaContext) async throws -> Response
  ) async throws -> Response {
    if let seconds = wait(request, context) {
      board.count { $0.limited += 1 }
      var answer = Answer(
        .tooManyRequests, "too_many_requests",
        "more was asked than [http] allows: try again in \(seconds) s")
      answer.retryAfterSeconds = seconds
      throw answer
    }
    return try await next(request, context)
  }

  /// In how many seconds it may be asked again; nil: now.
  private func wait(_ request: Request, _ context: ArenaContext) -> Int64? {
    let path = request.uri.path
    // Whatever else goes on: it must be possible to stop everything, and to see that it lives.
    guard !path.hasPrefix("/api/kill"), path != "/health", path != "/api/health", path != "/live",
      path != "/ready"
    else { return nil }
    // Cancelling and closing count with the rest: getting out is not held up by what came in.
    let parts = path.split(separator: "/")
    let isOrder =
      request.method == .post && parts.last != "cancel-all"
      && parts.contains { $0 == "orders" || $0 == "order" }
    let now = Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    let key: String
    if case .known(let principal) = context.identity, principal.kind != .anybody {
      key = principal.subject
    } else {
      key = context.origin
    }
    return budgets.take(key, isOrder: isOrder, now: now)
  }
}
