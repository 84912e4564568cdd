import Accounts
import GatewayService
import Hummingbird
import Model
import NIOCore
import TradingStore
import Wire

/// `/api/equity` and `/api/strategies/{name}/equity`: what accounts were worth over time.
struct EquityRoutes: Sendable {
  private static let pointsMax = 5_000
  /// How far back a curve goes where it is not said.
  private static let standardSeconds: Int64 = 86_400

  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    router.get("api/equity") { request, context in try await curve(of: nil, request, context) }
    router.get("api/strategies/:name/equity") { request, context in
      try await curve(of: try Supervision.name(context), request, context)
    }
  }

  private func curve(
    of strategy: String?, _ request: Request, _ context: ArenaContext
  ) async throws -> Response {
    _ = try context.principal(.read)
    if let strategy, await !gateway.hasAccount(strategy) {
      // One that has never run has no account, and is known all the same.
      _ = try await Supervision(gateway: gateway).ask(
        "status", ["strategy": .string(strategy), "brief": true])
    }
    guard let (now, currency) = await gateway.clockAndCurrency() else {
      throw Answer(.serviceUnavailable, "not_ready", "the gateway is starting or stopping: try again soon")
    }
    let query = Query(request)
    let limit = try query.limit(500, max: Self.pointsMax)
    let until = try query.time("until") ?? now.advanced(seconds: 1)
    let since = try query.time("since") ?? until.advanced(seconds: -Self.standardSeconds)
    guard since < until else { throw Query.wrong("since", "before until") }
    let (nanoseconds, isTooLong) = until.nanoseconds.subtractingReportingOverflow(since.nanoseconds)
    guard !isTooLong else { throw Query.wrong("since", "at most 292 years before until") }
    let span = nanoseconds / 1_000_000_000
    // As fine as so many points allow.
    let step = try query.integer("step_s", in: 1...31_622_400) ?? max(1, span / Int64(limit))
    let points = try await gateway.equity(of: strategy, since: since, until: until, step: step, limit: limit)
    if request.accepts("text/csv") {
      let listing = Listing(name: "equity", columns: EquitySample.columns) { _, _ in
        ListPage(rows: points, next: nil)
      }
      return try await listing.response(to: request)
    }
    var writer = JSONWriter(ByteBuffer())
    writer.beginObject()
    writer.field("ok", true)
    writer.field("strategy", strategy)
    writer.field("currency", currency)
    writer.field("step_s", step)
    writer.key("points")
    writer.beginArray()
    writer.rows(points, EquitySample.columns)
    writer.endArray()
    writer.endObject()
    return Response(
      status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
      body: ResponseBody(byteBuffer: writer.buffer))
  }
}
