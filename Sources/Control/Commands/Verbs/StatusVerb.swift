import ArgumentParser
import IPC
import Wire

struct StatusVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show what runs: the daemon, the gateway, the strategies.",
    discussion: "With a name, exits with 3 when that strategy has no process.")

  @ParentCommand var parent: Rbotctl
  @Argument(help: "One strategy, in detail.", completion: StrategyNames.completion) var name: String?
  @Flag(name: [.short, .long], help: "Draw it again every second until Ctrl-C.") var watch = false
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    if watch { return try await keepWatching(session) }
    let client = try await session.connect()
    defer { client.close() }
    let status = try await fetch(client, session)
    if name == nil || session.isJSON {
      try session.show(status) { view(status, $0, session) }
    } else {
      // Long reasons wrap: nothing of a strategy's detail is cut off.
      var page = session.page
      page.size = nil
      try session.surroundings.output.write(page.text(view(status, page, session)))
    }
    guard name != nil else { return .done }
    return status.items("strategies").first.map(StrategyView.isRunning) == true ? .done : .notRunning
  }

  private func fetch(_ client: Client, _ session: Session) async throws -> JSON {
    do {
      // The table of all has room for a part of what there is.
      let isTable = name == nil && !session.isJSON
      let status = try await client.request(
        "status", isTable ? ["strategy": nil, "brief": true] : ["strategy": JSON(name)])
      guard status["supervisor"] != nil else {
        throw Failure(
          .refused, "unexpected_answer", "rbotd gave a status that is none; is it of another version?")
      }
      if name != nil, status.items("strategies").isEmpty { throw RPCError.refused("unknown_strategy", "") }
      return status
    } catch {
      throw await session.hinting(error, name)
    }
  }

  private func view(_ status: JSON, _ page: Page, _ session: Session) -> [Line] {
    if name != nil, let strategy = status.items("strategies").first {
      return StrategyView(
        strategy: strategy, gateway: status["gateway"] ?? .null, page: page, command: session.command
      ).lines
    }
    return StatusView(status: status, page: page, command: session.command).lines
  }

  /// Redraws until Ctrl-C; a daemon that goes away is waited for.
  private func keepWatching(_ session: Session) async throws -> ExitStatus {
    let isTerminal = session.page.size != nil && !session.isJSON
    session.surroundings.untilInterrupted(isTerminal)
    var client: Client?
    if isTerminal { try session.surroundings.output.write("\u{1B}[?25l\u{1B}[2J") }
    while true {
      do {
        let open: Client
        if let client { open = client } else { open = try await session.connect() }
        client = open
        let status = try await fetch(open, session)
        if session.isJSON {
          try session.write(status)
        } else {
          try draw(view(status, session.page, session), session)
        }
      } catch let failure as Failure where failure.status == .unreachable {
        client?.close()
        client = nil
        if session.isJSON {
          session.complain(failure.message)
        } else {
          try draw(
            [Line("rbotd is not there; trying again every second", .red), Line(failure.message, .dim)],
            session)
        }
      } catch {
        if isTerminal { try session.surroundings.output.write("\u{1B}[?25h") }
        throw error
      }
      try await Task.sleep(for: .seconds(1))
    }
  }

  /// Each line clears what is left of the one before it, so that nothing flickers; no more lines than there are
  /// rows, so that nothing scrolls.
  private func draw(_ lines: [Line], _ session: Session) throws {
    let page = session.page
    guard let size = page.size else { return try session.write(lines + [""]) }
    let shown = lines.prefix(max(1, size.rows - 1)).map { $0.fitted(to: size.columns) }
    let text = shown.map { $0.rendered(inColour: page.isColoured) + "\u{1B}[K\n" }.joined()
    try session.surroundings.output.write("\u{1B}[H\(text)\u{1B}[J")
  }
}
