import ArgumentParser
import Model
import NIOCore
import Wire

/// `rbotctl mode [MODE]`.
struct ModeVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "mode", abstract: "Show the gateway's mode, or set it: off, paper, canary or live.",
    discussion: """
      An order's mode is the lowest of the gateway's, its strategy's and what its broker can do. canary and live send \
      real orders: they need a broker that can, execution_enabled = true in rbotd.toml at the start of the daemon, and \
      the PIN, which is asked for at the terminal or read as one line of standard input. A lower mode cancels the \
      working entries of the higher one; off refuses entries, and what is held keeps its exits.
      """)

  @ParentCommand var parent: Rbotctl
  @Argument(help: "The mode to set.", completion: .list(TradingMode.allCases.map(\.rawValue)))
  var mode: String?
  @Option(help: "Why, for the audit log.") var reason: String?
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard let mode, TradingMode(rawValue: mode) == nil else { return }
    throw ValidationError(
      "the mode must be one of \(TradingMode.allCases.map(\.rawValue).joined(separator: ", ")), not \(mode)")
  }

  func run(_ session: Session) async throws -> ExitStatus {
    guard let mode else {
      let answer = try await session.ask("mode")
      try session.show(answer) { CharterView(charter: answer, page: $0).lines }
      return .done
    }
    let answer = try await session.asking(
      "mode.set", ["mode": .string(mode), "reason": JSON(reason)], prompt: "PIN, for real orders")
    try session.show(answer) { _ in
      let cancelled = answer["cancelled"]?.intValue ?? 0
      let orders =
        cancelled > 0 ? "; \(cancelled) working \(cancelled == 1 ? "entry" : "entries") cancelled" : ""
      return [
        answer.text("from") == answer.text("mode")
          ? Line("the mode is \(answer.text("mode")), as it was")
          : Line("the mode is \(answer.text("mode")) now, it was \(answer.text("from"))\(orders)")
      ]
    }
    return .done
  }
}

extension Session {
  /// Asks for something that may take the PIN: without it first, so that nobody types it for what cannot be.
  func asking(_ method: String, _ params: JSON, prompt: String) async throws -> JSON {
    do {
      return try await ask(method, params)
    } catch let refusal as RPCError where refusal.reason == "pin_required" {
      var params = params.objectValue ?? JSONObject()
      params["pin"] = .string(try SecretInput.known(prompt, self))
      return try await ask(method, .object(params), timeout: .seconds(60))
    }
  }
}
