import ArgumentParser
import Model
import Wire

struct LogsVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show what strategies, the gateway (gateway) and the daemon (rbotd) say.")

  @ParentCommand var parent: Rbotctl
  @Argument(help: "Strategies, gateway or rbotd; all without a name.") var names: [String] = []
  @Flag(name: [.short, .long], help: "Go on with what comes, until Ctrl-C.") var follow = false
  @Option(name: [.customShort("n"), .long], help: "How many lines of the past, up to 1000000.") var lines =
    100
  @Option(help: "The least grave level to show: \(LogsVerb.levels).", transform: LogsVerb.level)
  var level = LogLevel.debug
  @Option(help: "Only what was said since then: \(Since.usage).") var since: String?
  @Option(help: "Only what was said until then; the same forms.") var until: String?
  @Option(help: ArgumentHelp("Only lines with that text, in upper or lower case.", valueName: "text"))
  var grep: String?
  @Option(help: "Only lines of that run; \"rbotctl runs NAME\" lists them.") var run: Int?
  @Option(
    help: "Only those streams, separated by commas: \(LogsVerb.streamWords.joined(separator: ", ")).",
    transform: LogsVerb.streams)
  var stream: [String]?
  @OptionGroup var connection: ConnectionOptions

  private static let levels = LogLevel.allCases.map(\.rawValue).joined(separator: ", ")

  private static func level(_ text: String) throws -> LogLevel {
    guard let level = LogLevel(rawValue: text) else { throw ValidationError("it is one of \(levels)") }
    return level
  }

  private static let streamWords = ["stdout", "stderr", "log", "supervisor"]

  private static func streams(_ text: String) throws -> [String] {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard words.allSatisfy(streamWords.contains) else {
      throw ValidationError("it takes \(streamWords.joined(separator: ", ")), separated by commas")
    }
    return words
  }

  func validate() throws {
    if lines < 0 { throw ValidationError("-n must not be negative") }
    if lines > 1_000_000 {
      throw ValidationError("-n is 1000000 at the most; --since and --until show any piece of the log")
    }
    for (option, text) in [("--since", since), ("--until", until)] {
      if let text, Since.moment(text, now: Timestamp(nanoseconds: 0)) == nil {
        throw ValidationError("\(option) takes \(Since.usage), not \(text)")
      }
    }
    if follow, until != nil { throw ValidationError("-f goes on with what comes, --until ends before it") }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    let moment = { (text: String?) in text.flatMap { Since.moment($0, now: session.page.now) }?.description }
    var params: JSONObject = JSONObject()
    params["names"] = names.isEmpty ? .null : .array(names.map(JSON.string))
    params["follow"] = .bool(follow)
    params["lines"] = .int(lines)
    params["level"] = .string(level.rawValue)
    params["since"] = JSON(moment(since))
    // What was not asked for is not sent, so that an older daemon understands the rest.
    if let until = moment(until) { params["until"] = .string(until) }
    if let grep { params["text"] = .string(grep) }
    if let run { params["run"] = .int(run) }
    if let stream { params["streams"] = .array(stream.map(JSON.string)) }
    do {
      return try await session.stream("logs", .object(params), of: "lines", follows: follow) {
        LogView(item: $0, page: $1).lines
      }
    } catch {
      throw await session.hinting(error, names)
    }
  }
}
