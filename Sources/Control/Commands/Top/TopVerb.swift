import ArgumentParser
import Model
import Wire

struct TopVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Watch and control everything on the whole terminal, live.",
    discussion: "Press ? for the keys, q to leave.")

  @ParentCommand var parent: Rbotctl
  @Flag(help: "Print it once, as text, and leave.") var once = false
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    if once { return try await printOnce(session) }
    guard session.page.size != nil, !session.isJSON else {
      throw Failure(
        .usage, "no_terminal", "top needs a terminal; without one, use \"rbotctl status --watch\" or --once")
    }
    guard session.surroundings.environment["TERM"] != "dumb" else {
      throw Failure(
        .usage, "dumb_terminal", "this terminal cannot move its cursor: use \"rbotctl status --watch\"")
    }
    try await TopDriver(session).run()
    return .done
  }

  /// All strategies, without the last row and what is only for keys.
  private func printOnce(_ session: Session) async throws -> ExitStatus {
    let status = try await session.ask("status", ["strategy": nil])
    if session.isJSON {
      try session.write(status)
      return .done
    }
    let page = session.page
    let strategies = status.items("strategies").count
    let size = Page.Size(columns: page.width ?? 160, rows: strategies + 20)
    var state = TopState(size: size, now: page.now)
    _ = state.handle(.status(status), now: page.now)
    let lines = TopView(state, page: page).rows.dropLast().map(\.line)
    let last = lines.lastIndex { !$0.spans.isEmpty && $0.width > 0 } ?? lines.endIndex - 1
    try session.write(Array(lines[...last]))
    return .done
  }
}
