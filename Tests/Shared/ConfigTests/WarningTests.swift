import Testing

@testable import Config

@Suite struct WarningTests {
  private func warnings(_ text: String) throws -> [String] {
    try StrategyManifest(path: "s/strategy.toml", text: "name = \"bot\"\ncommand = [\"true\"]\n" + text)
      .warnings.map { "\($0.line ?? 0) \($0.key ?? "")" }
  }

  @Test func aPlainManifestHasNone() throws { #expect(try warnings("").isEmpty) }

  @Test(arguments: [
    ("[trading]\nmode = \"live\"\n", "4 trading.mode"),
    ("[trading]\nmode = \"canary\"\n", "4 trading.mode"),
    ("[trading]\nbrokers = [\"papre\"]\n", "4 trading.brokers"),
    ("[trading]\ninstruments = []\n", "4 trading.instruments"),
    ("[health]\nstart_timeout = \"3s\"\n", "3 health.heartbeat"),
    ("[limits]\nmemory = \"1MB\"\n", "4 limits.memory"),
    ("[sandbox]\nread = [\"/nowhere/at/all\"]\n", "4 sandbox.read"),
  ])
  func whatIsProbablyNotMeantIsSaidWithItsLine(_ text: String, _ expected: String) throws {
    #expect(try warnings(text) == [expected])
  }

  @Test(arguments: [
    ("[health]\nheartbeat = \"1ms\"\n", "health.heartbeat", "must be at least \"100ms\""),
    ("[health]\nstop_timeout = \"5ms\"\n", "health.stop_timeout", "must be at least \"100ms\""),
    ("[health]\nstart_timeout = \"99ms\"\n", "health.start_timeout", "must be at least \"100ms\""),
    ("[restart]\nlimit = { within = \"1ms\" }\n", "restart.limit.within", "must be at least \"1s\""),
    ("[limits]\nmemory = \"12kB\"\n", "limits.memory", "must be at least \"1MB\""),
    (
      "[limits]\nmemory = \"512kJ\"\n", "limits.memory", "(kB, MB, GB, TB, KiB, MiB, GiB, TiB), not \"512kJ\""
    ),
  ])
  func whatCannotBeMeantIsAnErrorThatSaysWhy(_ text: String, _ key: String, _ message: String) {
    let error = #expect(throws: ConfigErrors.self) { try warnings(text) }
    #expect(error?.issues.map(\.key) == [key])
    #expect(error?.issues.first?.message.contains(message) == true)
  }

  @Test(arguments: ["name", "command", "run"])
  func aWrongTypeIsToldOnce(_ key: String) {
    let lines = ["name": "name = \"bot\"", "command": "command = [\"true\"]"].filter {
      $0.key != key && !(key == "run" && $0.key == "command")
    }
    let text = lines.values.sorted().reversed().joined(separator: "\n") + "\n\(key) = 5\n"
    let error = #expect(throws: ConfigErrors.self) {
      try StrategyManifest(path: "s/strategy.toml", text: text)
    }
    #expect(error?.issues.map(\.key) == [key])
  }

  @Test func nobodyWhoMistypesANameIsProposedHimself() throws {
    let contents = try load([("feeder", "requires = [\"feedr\"]\n")])
    #expect(contents.issues.map(\.message) == ["there is no strategy \"feedr\""])
  }

  @Test func anAddressThatOthersReachIsWarnedOf() throws {
    func warnings(_ address: String) throws -> [String] {
      try DaemonSettings(path: "rbotd.toml", text: "[gateway]\nlisten = \"\(address)\"\n").warnings
    }
    #expect(
      try warnings("127.0.0.1:80").isEmpty && warnings("[::1]:80").isEmpty && warnings("localhost:0").isEmpty)
    #expect(try warnings("0.0.0.0:8787").first?.contains("127.0.0.1:8787") == true)
  }

  private func load(_ manifests: [(name: String, text: String)]) throws -> ManifestDirectory.Contents {
    let folder = Folder()
    for (name, text) in manifests {
      try folder.put("\(name)/strategy.toml", "name = \"\(name)\"\ncommand = [\"true\"]\n" + text)
    }
    return ManifestDirectory.load(folder.path)
  }

  @Test func anUnknownNameIsAnErrorInRequiresAndAWarningInAfter() throws {
    let contents = try load([
      ("feeder", ""), ("a", "requires = [\"feedr\"]\n"), ("b", "after = [\"feedr\"]\n"),
    ])
    #expect(contents.manifests.map(\.name) == ["b", "feeder"])
    #expect(contents.issues.map(\.message) == ["there is no strategy \"feedr\", did you mean \"feeder\"?"])
    #expect(contents.issues.first?.line == 3 && contents.issues.first?.key == "requires")
    #expect(contents.warnings.map(\.key) == ["after"])
    #expect(contents.broken.values.sorted() == ["a"])
  }

  @Test func whoRequiresAStrategyWithABrokenManifestIsWarnedAndStays() throws {
    let contents = try load([("feeder", "enabled = 3\n"), ("a", "requires = [\"feeder\"]\n")])
    #expect(contents.manifests.map(\.name) == ["a"])
    #expect(contents.warnings.map(\.message) == ["\"feeder\" has a manifest with errors"])
    #expect(contents.broken.values.sorted() == ["feeder"])
  }

  @Test func whoWaitsForHimselfIsAnErrorThatShowsTheWay() throws {
    let contents = try load([
      ("a", "after = [\"b\"]\n"), ("b", "requires = [\"c\"]\n"), ("c", "requires = [\"a\"]\n"),
      ("d", "after = [\"d\"]\n"), ("e", "requires = [\"gateway\"]\n"),
    ])
    #expect(contents.manifests.map(\.name) == ["e"])
    #expect(
      contents.issues.map(\.message) == [
        "waits for itself: a → b → c → a", "waits for itself: b → c → a → b",
        "waits for itself: c → a → b → c", "waits for itself: d → d",
      ])
  }
}
