import Accounts
import GatewayService
import Hummingbird
import Model
import NIOCore
import Trading
import TradingStore
import Wire

/// `/api/orders`, `/api/fills`, `/api/positions`, `/api/events`: what the journal holds, newest first.
struct DeskLists: Sendable {
  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    router.get("api/orders", use: orders)
    router.get("api/orders/:id", use: order)
    router.get("api/fills", use: fills)
    router.get("api/positions", use: positions)
    router.get("api/events", use: events)
  }

  @Sendable private func orders(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    var filter = try ListFilter(Query(request))
    switch try Query(request).text("state") {
    case nil, "all": break
    case "open": filter.isOpenOnly = true
    case let words?:
      filter.states = try words.split(separator: ",").map { word throws(Answer) in
        guard let state = OrderState(rawValue: String(word)) else {
          let known = OrderState.allCases.map(\.rawValue).joined(separator: ", ")
          throw Query.wrong("state", "open, all, or some of \(known)")
        }
        return state
      }
    }
    let (gateway, wanted) = (gateway, filter)
    let listing = Listing(name: "orders", columns: Order.columns) { before, limit in
      try await gateway.orders(wanted, before: before, limit: limit)
    }
    return try await listing.response(to: request)
  }

  /// One order with every state that it was in, and its fills.
  @Sendable private func order(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let id = context.parameters.get("id") ?? ""
    let order: Order
    do throws(Refusal) {
      order = try await gateway.order(id: id).get()
    } catch {
      guard error.reason == "unknown_order" else {
        throw Answer(.serviceUnavailable, error.reason, error.message)
      }
      throw Answer(.notFound, error.reason, error.message)
    }
    let history = try await gateway.history(ofOrder: order.number)
    var filter = ListFilter()
    filter.order = order.id
    filter.since = order.created
    let fills = try await fillsOfOne(filter)
    var writer = JSONWriter(ByteBuffer())
    writer.beginObject()
    writer.field("ok", true)
    writer.key("order")
    writer.rows([order], Order.columns)
    writer.key("history")
    writer.beginArray()
    writer.rows(history, OrderHistoryLine.columns)
    writer.endArray()
    writer.key("fills")
    writer.beginArray()
    writer.rows(fills, Fill.columns)
    writer.endArray()
    writer.endObject()
    return Response(
      status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
      body: ResponseBody(byteBuffer: writer.buffer))
  }

  /// An order's fills, oldest first.
  private func fillsOfOne(_ filter: ListFilter) async throws -> [Fill] {
    var found: [Fill] = []
    var before = Int64?.none
    repeat {
      let page = try await gateway.fills(filter, before: before, limit: 1_000)
      found += page.rows
      before = page.next
    } while before != nil && found.count < 1_000
    return found.reversed()
  }

  @Sendable private func fills(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    var filter = try ListFilter(Query(request))
    filter.order = try Query(request).text("order_id", max: 64)
    let (gateway, wanted) = (gateway, filter)
    let listing = Listing(name: "fills", columns: Fill.columns) { before, limit in
      try await gateway.fills(wanted, before: before, limit: limit)
    }
    return try await listing.response(to: request)
  }

  @Sendable private func positions(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let query = Query(request)
    let (strategy, instrument) = (try query.text("strategy", max: 64), try query.text("instrument", max: 64))
    let found: [PositionView]
    do throws(Refusal) {
      found = try await gateway.positions(strategy: strategy).get()
    } catch {
      throw Answer(.serviceUnavailable, error.reason, error.message)
    }
    let shown = found.filter { instrument == nil || $0.instrument == instrument }
    // There are as many as may be open; the page is whole.
    let listing = Listing(name: "positions", columns: PositionView.columns) { _, _ in
      ListPage(rows: shown, next: nil)
    }
    return try await listing.response(to: request)
  }

  @Sendable private func events(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.events)
    let query = Query(request)
    var filter = try ListFilter(query)
    filter.types = try query.text("types", max: 1_000)?.split(separator: ",").map(String.init)
    filter.source = try query.text("source", max: 64)
    let (gateway, wanted) = (gateway, filter)
    let listing = Listing(name: "events", columns: StoredEvent.columns) { before, limit in
      try await gateway.events(wanted, before: before, limit: limit)
    }
    return try await listing.response(to: request)
  }
}

extension ListFilter {
  /// The filters that most lists have.
  init(_ query: Query) throws(Answer) {
    self.init()
    strategy = try query.text("strategy", max: 64)
    instrument = try query.text("instrument", max: 64)
    since = try query.time("since")
    until = try query.time("until")
  }
}

extension JSONWriter {
  /// Rows as objects, one after the other.
  mutating func rows<Row>(_ rows: [Row], _ columns: [Column<Row>]) {
    for row in rows {
      beginObject()
      for column in columns { field(column.name, column.cell(row)) }
      endObject()
    }
  }
}
