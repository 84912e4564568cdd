import Accounts
import Config
import GatewayService
import Hummingbird
import Model
import Trading
import Wire

/// `/api/bot/…`: the strategy that a dashboard for one bot means.
struct BotRoutes: Sendable {
  private let gateway: Gateway
  private let supervision: Supervision
  private let commands: StrategyCommands

  init(gateway: Gateway) {
    self.gateway = gateway
    supervision = Supervision(gateway: gateway)
    commands = StrategyCommands(supervision: supervision)
  }

  func add(to router: Router<ArenaContext>) {
    let group = router.group("api/bot")
    group.post("start") { request, context in try await carryOut(.start, request, context) }
    group.post("stop") { request, context in try await carryOut(.stop, request, context) }
    group.get("status", use: status)
  }

  private func carryOut(
    _ command: StrategyCommand, _ request: Request, _ context: ArenaContext
  ) async throws -> Response {
    let person = try context.principal(.control).subject
    let options = try await request.optionalJSONObject(context: context)
    return try await commands.carryOut(command, on: try await name(), options, by: person)
  }

  /// The bot's state, its last lines and its figures in one answer.
  @Sendable private func status(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let name = try await name()
    async let status = supervision.ask("status", ["strategy": .string(name)])
    async let log = supervision.ask("logs.page", ["names": [.string(name)], "lines": 50])
    let balances = await gateway.balances()
    guard let found = try await status["strategies"]?.arrayValue?.first else {
      throw Supervision.unknown(name)
    }
    let strategy = StrategyView.shown(found)
    let state = strategy["state"]?.stringValue ?? "unknown"
    let account = (try? balances.get())?.accounts.first { $0.strategy == name }
    return .ok([
      "strategy": .string(name), "running": .bool(strategy["pid"].map { !$0.isNull } ?? false),
      "status": .string(state), "pid": strategy["pid"] ?? .null, "since": strategy["since"] ?? .null,
      "reason": strategy["reason"] ?? .null, "paused": strategy["paused"] ?? false,
      "logs": try await log["lines"] ?? [],
      "metrics": [
        "trades": strategy["fills"] ?? 0, "orders": strategy["orders"] ?? 0,
        "realised": Self.number(account?.realised), "unrealised": Self.number(account?.unrealised),
        "balance": Self.number(account?.balance), "equity": Self.number(account?.equity),
        "margin_used": Self.number(account?.marginUsed), "currency": JSON(account?.currency),
        "restarts": strategy["restarts"] ?? 0, "last_action": strategy["status"] ?? .null,
      ],
    ])
  }

  private static func number(_ amount: Amount?) -> JSON {
    amount.map { .number($0.description) } ?? .null
  }

  /// The strategy that is meant.
  ///
  /// - Throws: ``Answer`` with 409 where nothing says which of several.
  private func name() async throws(Answer) -> String {
    if let name = gateway.configuration.settings.gateway.defaultStrategy { return name }
    let status = try await supervision.ask("status", ["brief": true])
    let names = (status["strategies"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
    if names.count == 1, let name = names.first { return name }
    throw Answer(
      .conflict, "no_default_strategy",
      names.isEmpty
        ? "there is no strategy yet: add one with rbotctl add"
        : "there are \(names.count) strategies: name one in [gateway] default_strategy of rbotd.toml, or use "
          + "/api/strategies/NAME/start, stop and the rest")
  }
}
