import ArgumentParser
import Wire

extension Session {
  /// Prints the items of a stream until it ends; one that follows ends when the daemon goes away.
  func stream(
    _ method: String, _ params: JSON, of items: String, follows: Bool,
    lines: @escaping @Sendable (JSON, Page) -> [Line]
  ) async throws -> ExitStatus {
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
    } note: { note in
      tell(note, of: items)
    }
    // In JSON all of this is said by the last object.
    if isJSON, !follows, let fields = end.objectValue?.fields, fields.contains(where: { $0.key != "items" }) {
      complain(object: end)
      return .done
    }
    if let dropped = end["dropped"]?.intValue, dropped > 0 {
      complain("\(grouped(dropped)) \(items) are missing: they came faster than they were read")
    }
    if let before = end["stopped_before"], !before.isNull {
      let time = end.text("stopped_at")
      complain(
        "only lines since \(time.isEmpty ? "number " + before.shown : page.clock(time)) were looked at: "
          + "--until \(time.isEmpty ? "TIME" : time) goes on from there, a name or --run makes it faster")
    }
    guard follows else { return .done }
    throw Failure(.unreachable, "stream_ended", "rbotd ended the stream")
  }

  /// Beside the items, on standard error: what stands there is no item.
  private func tell(_ note: StreamNote, of items: String) {
    switch note {
    case .missed(let count) where isJSON: complain(object: ["dropped": .int(count)])
    case .missed(let count):
      complain("\(grouped(count)) \(items) are missing here: they came faster than they were read")
    case .behind(let count) where isJSON: complain(object: ["behind": .int(count)])
    case .behind(0): complain("no longer behind")
    case .behind(let count): complain("… \(grouped(count)) \(items) behind")
    }
  }

  private func complain(object: JSON) {
    surroundings.output.complain(SafeText.escapedJSON(object.description) + "\n")
  }

  private func grouped(_ count: Int) -> String {
    var text = ""
    for (index, digit) in String(count).reversed().enumerated() {
      if index > 0, index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}

struct EventsVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Show the gateway's events: orders, fills, pauses, in their order.")

  @ParentCommand var parent: Rbotctl
  @Flag(name: [.short, .long], help: "Go on with what comes, until Ctrl-C.") var follow = false
  @Option(name: [.customShort("n"), .long], help: "How many events of the past, up to 10000.") var lines = 100
  @Option(help: ArgumentHelp("Only those after that number.", valueName: "seq")) var after: Int?
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    if lines < 0 { throw ValidationError("-n must not be negative") }
    if lines > 10_000 { throw ValidationError("-n is 10000 at the most; --after goes on from any number") }
    if let after, after < 0 { throw ValidationError("--after must not be negative") }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    let params: JSON = ["follow": .bool(follow), "after": JSON(after), "limit": .int(lines)]
    return try await session.stream("events", params, of: "events", follows: follow) {
      [EventView(item: $0, page: $1).line]
    }
  }
}
