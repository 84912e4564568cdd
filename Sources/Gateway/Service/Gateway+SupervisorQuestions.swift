import IPC
import NIOCore
public import Wire

/// What HTTP asks of the supervisor, over the connection that the supervisor has to the gateway.
extension Gateway {
  /// Questions that may wait for an answer at once.
  static let supervisorQuestionsMax = 256

  /// Asks the supervisor; from any thread, and the answer's tree is made on the caller's.
  ///
  /// - Parameters:
  ///   - person: who asks, for its audit: `user:trader@local`; nil for what changes nothing.
  ///   - seconds: how long it may take.
  /// - Returns: The result, or the supervisor's error; the reasons `supervisor_lost`, `supervisor_busy`, `timeout` and
  ///   `connection_closed` are about the way there.
  public nonisolated func askSupervisor(
    _ method: String, _ params: JSON = [:], by person: String? = nil, seconds: Int64 = 5
  ) async -> Result<JSON, RPCError> {
    var question = params.objectValue ?? JSONObject()
    if let person { question["by"] = .string(person) }
    return await answer(of: method, .object(question), seconds).map { $0.body() }
  }

  private func answer(of method: String, _ params: JSON, _ seconds: Int64) async -> Result<Frame, RPCError> {
    guard let supervisor, phase == .running else {
      return .failure(.refused("supervisor_lost", "the gateway has no connection to rbotd"))
    }
    guard supervisorQuestions < Self.supervisorQuestionsMax else {
      return .failure(
        .refused("supervisor_busy", "\(Self.supervisorQuestionsMax) questions wait for rbotd already"))
    }
    supervisorQuestions += 1
    defer { supervisorQuestions -= 1 }
    do {
      return .success(try await supervisor.ask(method, params, timeout: .seconds(seconds)).get())
    } catch {
      return .failure(error as? RPCError ?? .internalError("\(error)"))
    }
  }
}
