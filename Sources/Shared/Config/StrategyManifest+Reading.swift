import Glibc
import Model

extension StrategyManifest {
  /// Reads a `strategy.toml`.
  ///
  /// - Parameter schedules: where its time zone and calendar are looked for.
  /// - Throws: ``ConfigErrors`` with everything that is wrong with it.
  public init(path: String, schedules: ScheduleSources = ScheduleSources()) throws(ConfigErrors) {
    try self.init(Document(path: path), schedules)
  }

  /// Where a key stands in a manifest, by the names of its tables and its own: for what turns out to be wrong with it
  /// later. Nil where the file cannot be read any more.
  public static func line(of key: [String], in path: String) -> Int? {
    (try? Document(path: path)).flatMap { $0.lines.line(key) }
  }

  /// Reads the text of a manifest as if it stood at `path`.
  public init(path: String, text: String, schedules: ScheduleSources = ScheduleSources())
    throws(ConfigErrors)
  {
    try self.init(Document(path: path, text: text), schedules)
  }

  private init(_ document: Document, _ schedules: ScheduleSources) throws(ConfigErrors) {
    let found = TableReader.Findings()
    let reader = TableReader(document, found)
    path = document.path
    let folder = document.path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/")
    self.folder = folder.isEmpty ? (document.path.hasPrefix("/") ? "/" : ".") : folder
    name = Self.name(reader)
    entry = Self.entry(reader, folder: self.folder)
    isEnabled = reader.bool("enabled", true)
    after = reader.strings("after", ["gateway"])
    requires = reader.strings("requires", [])
    let restarting = reader.table("restart")
    restart = Self.restart(restarting)
    health = Self.health(reader.table("health"))
    let timing = reader.table("schedule")
    schedule =
      reader.has("schedule")
      ? ScheduleReader(timing, schedules).read(restart: restarting, policy: restart.policy) : nil
    limits = Self.limits(reader.table("limits"))
    sandbox = Self.sandbox(reader.table("sandbox"))
    trading = Self.trading(reader.table("trading"))
    params = reader.freeTable("params")
    reader.finish()
    if !found.issues.isEmpty { throw ConfigErrors(found.issues) }
    warn(reader)
    warnings = found.warnings.sorted { ($0.line ?? 0, $0.key ?? "") < ($1.line ?? 0, $1.key ?? "") }
  }

  private static func name(_ reader: TableReader) -> String {
    let name = reader.string("name", "")
    if !reader.has("name") {
      reader.report("name", "is missing: give the strategy a name, \(StrategyName.rule)")
    } else if !name.isEmpty, ["rbotd", "gateway"].contains(name) {
      reader.report("name", "\"\(name)\" is taken by rbotd itself")
    } else if name == "manual" {
      reader.report("name", "\"manual\" is the account of the orders that people place: give it another name")
    } else if name == "external" {
      reader.report(
        "name", "\"external\" is the account of what a broker holds unknown to rbotd: give it another name")
    } else if StrategyName(name) == nil {
      reader.report("name", "must be \(StrategyName.rule), not \"\(name)\"")
    }
    return name
  }

  private static func entry(_ reader: TableReader, folder: String) -> Entry {
    let command = reader.strings("command", [])
    let file = reader.string("run", "")
    switch (reader.has("command"), reader.has("run")) {
    case (true, true): reader.report("run", "stands beside \"command\": keep one of the two")
    case (false, false):
      reader.report(
        "command", "is missing: write command = [\"python3\", \"strategy.py\"] or run = \"strategy.py\"")
    case (true, false):
      if command.first?.isEmpty ?? true { reader.report("command", "names no program") }
    case (false, true):
      let path = file.hasPrefix("/") ? file : folder + "/" + file
      if file.isEmpty {
        reader.report("run", "names no file")
      } else if access(path, R_OK) != 0 {
        reader.report("run", "\(path): \(String(cString: strerror(errno)))")
      }
      return .python(file)
    }
    return .command(command)
  }

  private static func restart(_ reader: TableReader) -> Restart {
    let policy = reader.word("policy", Restart.Policy.onFailure)
    let pauses = reader.table("backoff")
    let backoff = Restart.Backoff(
      initial: pauses.pause("initial", .milliseconds(200)), max: pauses.pause("max", .seconds(60)),
      factor: pauses.number("factor", 2, in: 1...100), jitter: pauses.number("jitter", 0.25, in: 0...1))
    if backoff.max < backoff.initial { pauses.report("max", "is shorter than \"initial\"") }
    pauses.finish()
    let healthyAfter = reader.duration("healthy_after", .seconds(60))
    let limit = reader.table("limit")
    let bursts = limit.integer("bursts", 5, in: 1...10_000)
    let within = limit.duration(
      "within", .seconds(300), atLeast: "1s", "in less than that nothing is restarted several times")
    limit.finish()
    reader.finish()
    return Restart(
      policy: policy, backoff: backoff, healthyAfter: healthyAfter, bursts: bursts, within: within)
  }

  private static func health(_ reader: TableReader) -> Health {
    let health = Health(
      startTimeout: reader.duration(
        "start_timeout", .seconds(30), atLeast: "100ms", "no program is ready sooner, and it would be killed"),
      heartbeat: reader.duration(
        "heartbeat", .seconds(5), atLeast: "100ms",
        "three missed ones end it, and any busy moment of the machine lasts longer"),
      stopTimeout: reader.duration(
        "stop_timeout", .seconds(10), atLeast: "100ms", "it would be killed before it can act on the stop"),
      callbackTimeout: reader.has("callback_timeout")
        ? reader.pause("callback_timeout", .zero) : reader.absent("callback_timeout"))
    reader.finish()
    return health
  }

  private static func limits(_ reader: TableReader) -> Limits {
    let limits = Limits(
      memoryBytes: memory(reader),
      processors: reader.read("cpu", nil, "a share of one processor like \"50%\"") {
        if case .string(let text) = $0, let share = Units.share(text), share > 0 { .some(share) } else { nil }
      },
      processes: reader.integer("processes", 256, in: 1...100_000),
      files: reader.integer("files", 1024, in: 16...1_000_000),
      diskBytes: reader.optionalSize("disk"),
      outputBytesPerSecond: reader.read("output", nil, "a rate like \"1MB/s\"") {
        if case .string(let text) = $0, let rate = Units.rate(text), rate > 0 { .some(rate) } else { nil }
      })
    reader.finish()
    return limits
  }

  private static func memory(_ reader: TableReader) -> UInt64? {
    guard let bytes = reader.optionalSize("memory") else { return nil }
    if bytes < memoryBytesLeast {
      reader.report("memory", "must be at least \"1MB\": nothing starts in less")
    }
    return bytes
  }

  private static let memoryBytesLeast: UInt64 = 1_000_000

  private static func sandbox(_ reader: TableReader) -> Sandbox {
    let sandbox = Sandbox(
      network: reader.bool("network", false), read: paths("read", reader), write: paths("write", reader),
      isRequired: reader.bool("required", false))
    reader.finish()
    return sandbox
  }

  /// At most as many as the launcher takes beside what every strategy may reach.
  private static func paths(_ key: String, _ reader: TableReader) -> [String] {
    let paths = reader.strings(key, [])
    if paths.contains(where: \.isEmpty) { reader.report(key, "holds an empty path") }
    let most = key == "read" ? 16 : 8
    if paths.count > most { reader.report(key, "holds \(paths.count) paths, and at most \(most) are taken") }
    return paths
  }

  private static func trading(_ reader: TableReader) -> Trading {
    let trading = Trading(
      mode: reader.word("mode", Trading.Mode.paper), brokers: reader.strings("brokers", ["paper"]),
      instruments: reader.optionalStrings("instruments"),
      maxOrderUnits: reader.optionalAmount("max_order_units"),
      maxDailyLoss: reader.optionalAmount("max_daily_loss"),
      onExit: reader.word("on_exit", Trading.OnExit.keep),
      quotes: reader.has("quotes") ? reader.word("quotes", Trading.Quotes.latest) : reader.absent("quotes"))
    reader.finish()
    return trading
  }
}
