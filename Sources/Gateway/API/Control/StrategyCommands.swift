import GatewayService
import Hummingbird
import Wire

/// What a person can have done with a strategy.
enum StrategyCommand: String, CaseIterable, Sendable {
  case start
  case stop
  case restart
  case pause
  case resume
  case close
}

/// Has the supervisor carry a command out, and says what it came to.
struct StrategyCommands: Sendable {
  /// How long a request waits for a strategy to arrive where it was sent.
  private static let patienceSeconds: Int64 = 30

  let supervision: Supervision

  /// - Parameter options: `wait` (true: answered when it has arrived) and, of a pause, `freeze`.
  func carryOut(
    _ command: StrategyCommand, on name: String, _ options: JSON, by person: String
  ) async throws(Answer) -> Response {
    if command == .close {
      let done = try await supervision.ask("strategy.close", ["name": .string(name)], by: person, seconds: 15)
      return .ok(named(name, done))
    }
    let waits = try options.optionalFlag("wait") ?? true
    let freezes = try options.optionalFlag("freeze") ?? false
    let params: JSON = ["names": [.string(name)], "wait": .bool(waits), "freeze": .bool(freezes)]
    let answer = await supervision.gateway.askSupervisor(
      "strategy.\(command.rawValue)", params, by: person, seconds: Self.patienceSeconds)
    switch answer {
    case .success(let answer): return try Self.response(name, answer)
    case .failure(let error) where error.reason == "timeout": return try await unfinished(command, name)
    case .failure(let error): throw Answer(supervisor: error)
    }
  }

  private static func response(_ name: String, _ answer: JSON) throws(Answer) -> Response {
    guard let result = answer["results"]?.arrayValue?.first else {
      throw Answer(.serviceUnavailable, "supervisor_failed", "rbotd did not say what became of \(name)")
    }
    guard result["ok"]?.boolValue == true else {
      let reason = result["reason"]?.stringValue ?? "refused"
      throw Answer(
        reason == "unknown_strategy" ? .notFound : .conflict, reason,
        result["message"]?.stringValue ?? "rbotd refused it")
    }
    return .ok(result)
  }

  /// Slow, or nobody there? A supervisor that answers another question has taken the command.
  private func unfinished(_ command: StrategyCommand, _ name: String) async throws(Answer) -> Response {
    let status = try await supervision.ask("status", ["strategy": .string(name), "brief": true])
    let state = status["strategies"]?.arrayValue?.first?["state"] ?? .null
    return .ok(
      named(
        name,
        [
          "state": state,
          "message": .string(
            "\(command.rawValue) is under way, and not done after \(Self.patienceSeconds) s: "
              + "GET /api/strategies/\(name) shows how it goes on"),
        ]), status: .accepted)
  }

  private func named(_ name: String, _ fields: JSON) -> JSON {
    var object = JSONObject()
    object["name"] = .string(name)
    for field in fields.objectValue?.fields ?? [] { object[field.key] = field.value }
    return .object(object)
  }
}

extension JSON {
  /// True or false; nil where it is absent.
  func optionalFlag(_ key: String) throws(Answer) -> Bool? {
    guard let value = self[key], !value.isNull else { return nil }
    guard let flag = value.boolValue else {
      throw Answer(.badRequest, "bad_field", "\(key) must be true or false")
    }
    return flag
  }
}

extension Request {
  /// The body as a JSON object; an empty one where there is no body.
  func optionalJSONObject(context: ArenaContext) async throws -> JSON {
    let length = headers[.contentLength].flatMap { Int($0) } ?? 0
    return length > 0 || headers[.transferEncoding] != nil ? try await jsonObject(context: context) : [:]
  }
}
