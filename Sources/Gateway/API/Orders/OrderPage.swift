import GatewayService
import Hummingbird
import Model
import Storage
import Wire

/// A page of a list of orders, newest first: `state` (`open` or `all`), `limit`, `before`.
struct OrderPage {
  private static let limitMax = 1_000

  let openOnly: Bool
  let limit: Int
  let before: Int64?

  /// - Throws: ``Answer`` with 400 for a parameter that is none.
  init(_ request: Request) throws(Answer) {
    let query = request.uri.queryParameters
    let state = query["state"] ?? "open"
    guard state == "open" || state == "all" else {
      throw Answer(.badRequest, "bad_field", "state must be open or all")
    }
    openOnly = state == "open"
    guard let limit = Int(query["limit"] ?? "100"), (1...Self.limitMax).contains(limit) else {
      throw Answer(.badRequest, "bad_field", "limit must be a whole number from 1 to \(Self.limitMax)")
    }
    self.limit = limit
    guard let text = query["before"] else {
      before = nil
      return
    }
    guard let number = Int64(text), number >= 0 else {
      throw Answer(.badRequest, "bad_field", "before must be the field next of the page before")
    }
    before = number
  }

  /// One more than is shown tells whether there are more.
  func orders(_ gateway: Gateway, strategy: String?, route: String?) async throws -> [Order] {
    do throws(StorageError) {
      return try await gateway.orders(
        strategy: strategy, route: route, openOnly: openOnly, before: before, limit: limit + 1)
    } catch {
      throw Answer(error)
    }
  }

  /// - Parameter orders: one more than the limit where there are more.
  func json(_ orders: [Order], _ shape: (Order) -> JSON) -> JSON {
    let shown = orders.prefix(limit)
    let next: JSON = orders.count > limit ? shown.last.map { .int($0.number) } ?? .null : .null
    return ["ok": true, "orders": .array(shown.map(shape)), "next": next]
  }
}
