import Accounts
import GatewayService
import Hummingbird
import Model
import TradingStore
import Wire

/// `/api/narration`: events as lines for people, and what people say to them.
struct NarrationRoutes: Sendable {
  private static let textMax = 1_000

  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    router.get("api/narration", use: list)
    router.post("api/narration", use: comment)
  }

  @Sendable private func list(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.events)
    let query = Query(request)
    var filter = try ListFilter(query)
    filter.types = NarrationLine.types
    if let words = try query.text("types", max: 1_000)?.split(separator: ",").map(String.init) {
      filter.types = words.filter { NarrationLine.types.contains($0) }
      guard filter.types?.count == words.count else {
        throw Query.wrong("types", "some of \(NarrationLine.types.joined(separator: ", "))")
      }
    }
    let (gateway, wanted) = (gateway, filter)
    let listing = Listing(name: "narration", columns: JSONColumns.narration) { before, limit in
      let page = try await gateway.events(wanted, before: before, limit: limit)
      return ListPage(rows: page.rows.map(NarrationLine.row), next: page.next)
    }
    return try await listing.response(to: request)
  }

  /// Adds what somebody says: an event `comment`.
  @Sendable private func comment(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let person = try context.principal(.trade)
    let text = try await request.jsonObject(context: context).text("text")
    guard (1...Self.textMax).contains(text.utf8.count) else {
      throw Answer(.badRequest, "bad_field", "text must be 1 to \(Self.textMax) bytes long")
    }
    do throws(Refusal) {
      let id = try await gateway.comment(text, by: person.name).get()
      return .ok(["id": .int(id)], status: .created)
    } catch {
      throw Answer(.serviceUnavailable, error.reason, error.message)
    }
  }
}
