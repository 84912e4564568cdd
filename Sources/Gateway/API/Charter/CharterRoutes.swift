import Accounts
import GatewayService
import Hummingbird
import Model
import Trading
import Wire

/// `/api/mode`, `/api/kill` and `/api/risk`: what holds for all that trades.
struct CharterRoutes: Sendable {
  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    let api = router.group("api")
    api.get("mode", use: mode)
    api.post("mode", use: switchMode)
    api.get("risk", use: risk)
    api.post("kill", use: kill)
    api.post("kill/release", use: release)
  }

  @Sendable private func mode(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    return .done(with: try await gateway.charter().orAnswer().json)
  }

  @Sendable private func risk(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    return .done(with: try await gateway.risk().orAnswer().json)
  }

  @Sendable private func switchMode(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.administer)
    let body = try await request.jsonObject(context: context)
    let fields = BodyFields(body)
    // The users' older programs call it so.
    let isGhost = body["mode"]?.stringValue?.lowercased() == "ghost"
    let mode: TradingMode = isGhost ? .paper : try fields.required("mode", try fields.word("mode"))
    let done = try await gateway.switchMode(
      to: mode, by: Self.person(principal, context), reason: try body.optionalText("reason"),
      pin: request.pin(in: body), needsPIN: true)
    return .done(with: try done.orAnswer().json)
  }

  @Sendable private func kill(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.administer)
    let body = try await Self.body(request, context)
    let reason = try body.optionalText("reason")
    try await gateway.accounts.checkPINToStop(
      request.pin(in: body), by: principal.subject, from: context.origin)
    let report = await gateway.engageKillSwitch(by: Self.person(principal, context), reason: reason)
    return .done(with: ["kill_switch": try report.orAnswer().json])
  }

  @Sendable private func release(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.administer)
    let body = try await Self.body(request, context)
    let report = try await gateway.releaseKillSwitch(
      by: Self.person(principal, context), reason: try body.optionalText("reason"),
      pin: request.pin(in: body))
    return .done(with: ["kill_switch": try report.orAnswer().json])
  }

  /// Who is in a hurry need not send one.
  private static func body(_ request: Request, _ context: ArenaContext) async throws -> JSON {
    let isEmpty =
      request.headers[.transferEncoding] == nil
      && request.headers[.contentLength].flatMap { Int($0) } ?? 0 == 0
    return isEmpty ? [:] : try await request.jsonObject(context: context)
  }

  private static func person(_ principal: Principal, _ context: ArenaContext) -> Gateway.Person {
    Gateway.Person(name: principal.subject, origin: context.origin)
  }
}

extension Response {
  /// `{"ok":true,…}` with the fields of an object.
  fileprivate static func done(with json: JSON) -> Response {
    var answer = JSONObject()
    answer["ok"] = true
    for field in json.objectValue?.fields ?? [] { answer[field.key] = field.value }
    return .json(.ok, .object(answer))
  }
}
