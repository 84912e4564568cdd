import GatewayService
import Hummingbird
import Model
import Storage
import TradingStore
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

  /// Orders of every route. It may hold fewer than asked for, even none, and still have a next one.
  func ofAllRoutes(_ gateway: Gateway, strategy: String?) async throws -> ListPage<Order> {
    var filter = ListFilter()
    filter.strategy = strategy
    filter.isOpenOnly = openOnly
    do throws(StorageError) {
      return try await gateway.orders(filter, before: before, limit: limit)
    } catch {
      throw Answer(error)
    }
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
    return Self.json(Array(shown), next: orders.count > limit ? shown.last?.number : nil, shape)
  }

  /// - Parameter next: where the next page begins; nil: there is none.
  static func json(_ orders: [Order], next: Int64?, _ shape: (Order) -> JSON) -> JSON {
    ["ok": true, "orders": .array(orders.map(shape)), "next": next.map { .int($0) } ?? .null]
  }
}
