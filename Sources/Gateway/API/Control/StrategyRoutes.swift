import Accounts
import GatewayService
import Hummingbird
import Model
import Wire

/// `/api/strategies/…`: what the supervisor knows of strategies, and what it does with them.
struct StrategyRoutes: Sendable {
  let supervision: Supervision
  let commands: StrategyCommands

  init(gateway: Gateway) {
    supervision = Supervision(gateway: gateway)
    commands = StrategyCommands(supervision: supervision)
  }

  func add(to router: Router<ArenaContext>) {
    let group = router.group("api/strategies")
    group.get(use: list)
    group.get(":name", use: one)
    group.get(":name/metrics", use: metrics)
    group.get(":name/runs", use: runs)
    for command in StrategyCommand.allCases {
      group.post(RouterPath(":name/\(command.rawValue)")) { request, context in
        try await carryOut(command, request, context)
      }
    }
  }

  @Sendable private func list(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let status = try await supervision.ask("status", ["brief": true])
    let strategies = (status["strategies"]?.arrayValue ?? []).map(StrategyView.shown)
    return .ok([
      "strategies": .array(strategies), "errors": status["errors"] ?? [],
      "warnings": status["warnings"] ?? [],
    ])
  }

  @Sendable private func one(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let name = try Supervision.name(context)
    let status = try await supervision.ask("status", ["strategy": .string(name)])
    guard let strategy = status["strategies"]?.arrayValue?.first else { throw Supervision.unknown(name) }
    return .ok(["strategy": StrategyView.shown(strategy)])
  }

  /// What it measures now; with `metric`, one series over time.
  @Sendable private func metrics(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let name = try Supervision.name(context)
    let query = Query(request)
    guard let metric = try query.text("metric") else {
      return .ok(try await supervision.ask("metrics", ["name": .string(name)]))
    }
    var params: JSONObject = JSONObject()
    params["name"] = .string(name)
    params["metric"] = .string(metric)
    for key in ["since", "until"] {
      params[key] = try query.time(Substring(key)).map { .string("\($0)") }
    }
    params["step_s"] = try query.integer("step_s", in: 0...31_622_400).map { .int($0) }
    return .ok(try await supervision.ask("metrics.history", .object(params), seconds: 10))
  }

  @Sendable private func runs(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let name = try Supervision.name(context)
    let limit = try Query(request).limit(20)
    return .ok(try await supervision.ask("runs", ["name": .string(name), "limit": .int(limit)]))
  }

  private func carryOut(
    _ command: StrategyCommand, _ request: Request, _ context: ArenaContext
  ) async throws -> Response {
    let person = try context.principal(.control).subject
    let name = try Supervision.name(context)
    return try await commands.carryOut(
      command, on: name, try await request.optionalJSONObject(context: context), by: person)
  }
}
