import ArgumentParser
import Wire

/// Whose, and how many.
struct Selection: ParsableArguments {
  @Option(
    help: ArgumentHelp("Only those of one strategy.", valueName: "name"), completion: StrategyNames.completion
  )
  var strategy: String?
  @Option(name: [.customShort("n"), .long], help: "How many, at the most.") var lines = 100

  func validate() throws {
    if lines < 1 { throw ValidationError("-n must be at least 1") }
  }
}

extension Session {
  /// An empty list of a strategy that there is not would look like one of a strategy that has done nothing.
  func require(_ strategy: String?, where list: [JSON]) async throws(Failure) {
    guard let strategy, list.isEmpty, let known = await strategyNames(), !known.contains(strategy) else {
      return
    }
    throw Failure(.refused, "unknown_strategy", NearestName.unknown(strategy, known: known))
  }
}

struct OrdersVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "orders", abstract: "Show orders, newest first.")

  @ParentCommand var parent: Rbotctl
  @Flag(help: "Only those that still work.") var open = false
  @OptionGroup var selection: Selection
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    let params: JSON = ["strategy": JSON(selection.strategy), "state": open ? "open" : "all"]
    let orders = try await session.pages("orders", params, limit: selection.lines)
    try await session.require(selection.strategy, where: orders)
    try session.show(["orders": .array(orders)]) { OrdersView(orders: orders, page: $0).lines }
    return .done
  }
}

struct FillsVerb: Verb {
  static let configuration = CommandConfiguration(commandName: "fills", abstract: "Show fills, newest first.")

  @ParentCommand var parent: Rbotctl
  @OptionGroup var selection: Selection
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    let fills = try await session.pages(
      "fills", ["strategy": JSON(selection.strategy)], limit: selection.lines)
    try await session.require(selection.strategy, where: fills)
    try session.show(["fills": .array(fills)]) { FillsView(fills: fills, page: $0).lines }
    return .done
  }
}

struct PositionsVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "positions", abstract: "Show what each strategy holds.")

  @ParentCommand var parent: Rbotctl
  @OptionGroup var selection: Selection
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("positions", ["strategy": JSON(selection.strategy)])
    let shown = Array(answer.items("positions").prefix(selection.lines))
    try await session.require(selection.strategy, where: shown)
    try session.show(["positions": .array(shown)]) { PositionsView(positions: shown, page: $0).lines }
    return .done
  }
}
