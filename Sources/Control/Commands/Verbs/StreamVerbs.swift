import ArgumentParser
import Model
import Wire

extension Session {
  /// Prints the items of a stream until it ends; one that follows ends when the daemon goes away.
  func stream(
    _ method: String, _ params: JSON, follows: Bool, lines: @escaping @Sendable (JSON, Page) -> [Line]
  )
    async throws -> ExitStatus
  {
    if follows { surroundings.untilInterrupted(false) }
    let client = try await connect()
    defer { client.close() }
    let end = try await client.stream(method, params) { item in
      if isJSON {
        try write(item)
        return
      }
      // A long line wraps on the terminal: nothing of a log is cut off.
      let page = page
      try surroundings.output.write(
        lines(item, page).map { $0.rendered(inColour: page.isColoured) + "\n" }.joined())
    }
    if let dropped = end["dropped"]?.intValue, dropped > 0 {
      complain("\(dropped) items were dropped, because they came faster than they were read")
    }
    guard follows else { return .done }
    throw Failure(.unreachable, "stream_ended", "rbotd ended the stream")
  }
}

struct LogsVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show what strategies, the gateway (gateway) and the daemon (rbotd) say.")

  @ParentCommand var parent: Rbotctl
  @Argument(help: "Strategies, gateway or rbotd; all without a name.") var names: [String] = []
  @Flag(name: [.short, .long], help: "Go on with what comes, until Ctrl-C.") var follow = false
  @Option(name: [.customShort("n"), .long], help: "How many lines of the past, at the most.") var lines = 100
  @Option(help: "The least grave level to show: \(LogsVerb.levels).", transform: LogsVerb.level)
  var level = LogLevel.debug
  @Option(help: "Only what came after that: \(Since.usage).") var since: String?
  @OptionGroup var connection: ConnectionOptions

  private static let levels = LogLevel.allCases.map(\.rawValue).joined(separator: ", ")

  private static func level(_ text: String) throws -> LogLevel {
    guard let level = LogLevel(rawValue: text) else { throw ValidationError("it is one of \(levels)") }
    return level
  }

  func validate() throws {
    if lines < 0 { throw ValidationError("-n must not be negative") }
    if let since, Since.moment(since, now: Timestamp(nanoseconds: 0)) == nil {
      throw ValidationError("--since takes \(Since.usage), not \(since)")
    }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    let since = since.flatMap { Since.moment($0, now: session.page.now) }
    let params: JSON = [
      "names": names.isEmpty ? .null : .array(names.map(JSON.string)), "follow": .bool(follow),
      "lines": .int(lines),
      "level": .string(level.rawValue), "since": JSON(since?.description),
    ]
    do {
      return try await session.stream("logs", params, follows: follow) { LogView(item: $0, page: $1).lines }
    } catch {
      throw await session.hinting(error, names.count == 1 ? names.first : nil)
    }
  }
}

struct EventsVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Show the gateway's events: orders, fills, pauses, in their order.")

  @ParentCommand var parent: Rbotctl
  @Flag(name: [.short, .long], help: "Go on with what comes, until Ctrl-C.") var follow = false
  @Option(name: [.customShort("n"), .long], help: "How many events of the past, at the most.") var lines = 100
  @Option(help: ArgumentHelp("Only those after that number.", valueName: "seq")) var after: Int?
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    if lines < 0 { throw ValidationError("-n must not be negative") }
    if let after, after < 0 { throw ValidationError("--after must not be negative") }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    let params: JSON = ["follow": .bool(follow), "after": JSON(after), "limit": .int(lines)]
    return try await session.stream("events", params, follows: follow) {
      [EventView(item: $0, page: $1).line]
    }
  }
}
