import Accounts
import GatewayService
import Hummingbird
import Model
import TradingStore
import Wire

/// `/api/schedule`, `/api/schedule/history` and `/api/audit`: lists that others than the journal keep.
struct OtherLists: Sendable {
  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    router.get("api/schedule", use: schedules)
    router.get("api/schedule/history", use: history)
    router.get("api/audit", use: audit)
  }

  @Sendable private func schedules(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let answer = try await Supervision(gateway: gateway).ask("schedule.list")
    let rows = answer["schedules"]?.arrayValue ?? []
    let listing = Listing(name: "schedules", columns: JSONColumns.schedules) { _, _ in
      ListPage(rows: rows, next: nil)
    }
    return try await listing.response(to: request)
  }

  /// What became of slots, newest first.
  @Sendable private func history(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let query = Query(request)
    let name = try query.text("strategy", max: 64)
    let outcome = try query.word("outcome", SlotOutcome.self)
    let supervision = Supervision(gateway: gateway)
    let listing = Listing(name: "slots", columns: JSONColumns.slots) { before, limit in
      let answer = try await supervision.ask(
        "schedule.history",
        [
          "name": JSON(name), "outcome": JSON(outcome?.rawValue), "limit": .int(min(limit, 1_000)),
          "before": before.map { .int($0) } ?? .null,
        ])
      let rows = answer["slots"]?.arrayValue ?? []
      let hasMore = answer["more"]?.boolValue ?? false
      return ListPage(rows: rows, next: hasMore ? rows.last?["id"]?.intValue.map { Int64($0) } : nil)
    }
    return try await listing.response(to: request)
  }

  /// Who did what, newest first; for admins.
  @Sendable private func audit(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.administer)
    let accounts = gateway.accounts
    let listing = Listing(name: "audit", columns: JSONColumns.audit) { before, limit in
      // One more tells whether there are more; of the most that is read at once, a full page does.
      let rows = try await accounts.audit(before: before, limit: limit + 1)
      let shown = rows.prefix(limit)
      let hasMore = rows.count > limit || rows.count == 1_000
      return ListPage(rows: shown.map(\.json), next: hasMore ? shown.last?.id : nil)
    }
    return try await listing.response(to: request)
  }
}
