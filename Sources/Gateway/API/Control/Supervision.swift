import GatewayService
import Hummingbird
import Model
import Wire

/// The supervisor, as routes ask it.
struct Supervision: Sendable {
  let gateway: Gateway

  /// - Throws: ``Answer`` with the status that says what went wrong.
  func ask(
    _ method: String, _ params: JSON = [:], by person: String? = nil, seconds: Int64 = 5
  ) async throws(Answer) -> JSON {
    do throws(RPCError) {
      return try await gateway.askSupervisor(method, params, by: person, seconds: seconds).get()
    } catch {
      throw Answer(supervisor: error)
    }
  }

  /// A strategy's name out of the path.
  ///
  /// - Throws: ``Answer`` with 404 where it can be none.
  static func name(_ context: ArenaContext) throws(Answer) -> String {
    let text = context.parameters.get("name") ?? ""
    guard StrategyName(text) != nil else { throw unknown(text) }
    return text
  }

  static func unknown(_ name: String) -> Answer {
    Answer(.notFound, "unknown_strategy", "there is no strategy \(name.prefix(64))")
  }
}

extension Answer {
  /// An error of the supervisor, or of the way to it.
  init(supervisor error: RPCError) {
    switch error.reason {
    case "supervisor_lost", "supervisor_busy", "connection_closed", "too_many_requests":
      self.init(.serviceUnavailable, "supervisor_unreachable", "rbotd cannot be asked: \(error.message)")
    case "timeout":
      self.init(
        .serviceUnavailable, "supervisor_unreachable",
        "rbotd did not answer in time (\(error.message)): see whether it runs, and what its log says")
    case "unknown_strategy": self.init(.notFound, "unknown_strategy", error.message)
    case "invalid_params": self.init(.badRequest, "bad_field", error.message)
    case "gateway_down", "gateway_timeout", "shutting_down", "database":
      self.init(.serviceUnavailable, error.reason ?? "", error.message)
    case let reason?: self.init(.conflict, reason, error.message)
    case nil: self.init(.serviceUnavailable, "supervisor_failed", error.message)
    }
  }
}

extension Response {
  /// A JSON object with `ok` before its fields.
  static func ok(_ fields: JSON, status: HTTPResponse.Status = .ok) -> Response {
    var object = JSONObject()
    object["ok"] = true
    for field in fields.objectValue?.fields ?? [] where field.key != "ok" { object[field.key] = field.value }
    return .json(status, .object(object))
  }
}
