import Testing

@testable import Config

@Suite struct ManifestTests {
  private func issues(_ text: String) -> [String] {
    do {
      _ = try StrategyManifest(path: "s/strategy.toml", text: text)
      return []
    } catch { return error.issues.map(\.description) }
  }

  private let start = "name = \"bot\"\ncommand = [\"true\"]\n"

  @Test("A manifest that says everything is read as written")
  func full() throws {
    let folder = Folder()
    try folder.put("strategy.py", "")
    let path = try folder.put(
      "strategy.toml",
      """
      name = "momentum-sniper"
      run = "strategy.py"
      enabled = false
      after = ["gateway", "other"]
      requires = ["gateway"]
      [restart]
      policy = "always"
      backoff = { initial = "1s", max = "2m", factor = 3, jitter = 0.5 }
      healthy_after = "10s"
      limit = { bursts = 7, within = "1m" }
      [health]
      start_timeout = "1s"
      heartbeat = "2s"
      stop_timeout = "3s"
      [limits]
      memory = "512MB"
      cpu = "50%"
      processes = 64
      files = 256
      output = "1MB/s"
      [sandbox]
      network = true
      read = ["data/"]
      write = ["state/"]
      required = true
      [trading]
      mode = "off"
      brokers = ["paper", "oanda"]
      instruments = ["EUR_USD"]
      max_order_units = "10000"
      max_daily_loss = 200
      on_exit = "flatten"
      quotes = "every"
      [params]
      threshold = 0.8
      levels = 5
      name = "x\\"y"
      nested = { list = [1, true, "z"] }
      """)
    let manifest = try StrategyManifest(path: path)
    #expect(manifest.name == "momentum-sniper" && manifest.folder == folder.path && !manifest.isEnabled)
    #expect(manifest.entry == .python("strategy.py"))
    #expect(manifest.after == ["gateway", "other"] && manifest.requires == ["gateway"])
    #expect(manifest.restart.policy == .always && manifest.restart.backoff.max == .seconds(120))
    #expect(manifest.restart.bursts == 7 && manifest.restart.within == .seconds(60))
    #expect(manifest.health.heartbeat == .seconds(2))
    #expect(manifest.limits.memoryBytes == 512_000_000 && manifest.limits.processors == 0.5)
    #expect(manifest.limits.processes == 64 && manifest.limits.outputBytesPerSecond == 1_000_000)
    #expect(manifest.sandbox.network && manifest.sandbox.isRequired && manifest.sandbox.read == ["data/"])
    #expect(manifest.trading.mode == .off && manifest.trading.instruments == ["EUR_USD"])
    #expect(manifest.trading.maxDailyLoss == "200" && manifest.trading.quotes == .every)
    #expect(
      ConfigValue.table(manifest.params).json
        == #"{"levels":5,"name":"x\"y","nested":{"list":[1,true,"z"]},"threshold":0.8}"#)
  }

  @Test("A manifest of two lines has the documented defaults")
  func defaults() throws {
    let manifest = try StrategyManifest(path: "s/strategy.toml", text: start)
    #expect(manifest.entry == .command(["true"]) && manifest.isEnabled && manifest.after == ["gateway"])
    #expect(manifest.restart.policy == .onFailure && manifest.restart.backoff.initial == .milliseconds(200))
    #expect(manifest.restart.bursts == 5 && manifest.restart.within == .seconds(300))
    #expect(manifest.health.startTimeout == .seconds(30) && manifest.health.stopTimeout == .seconds(10))
    #expect(manifest.limits == StrategyManifest.Limits())
    #expect(manifest.trading.mode == .paper && manifest.trading.brokers == ["paper"])
    #expect(manifest.trading.instruments == nil && manifest.trading.onExit == .keep)
    #expect(!manifest.sandbox.network && manifest.schedule == nil && manifest.params.isEmpty)
  }

  @Test("Every mistake is told at once, with file, line, key and what was meant")
  func mistakes() {
    let found = issues(
      start + """
        [restart]
        polcy = "always"
        backoff = { initial = "fast", max = "1s" }
        [trading]
        mode = "papr"
        max_order_units = 0.5
        [limits]
        files = 3
        colour = "red"
        """)
    #expect(
      found == [
        #"s/strategy.toml:4: restart.polcy: unknown key, did you mean "policy"?"#,
        #"s/strategy.toml:5: restart.backoff.initial: must be a duration like "0s", "200ms" or "1m", not "fast""#,
        #"s/strategy.toml:7: trading.mode: must be one of "off", "paper", "canary", "live", not "papr""#,
        #"s/strategy.toml:8: trading.max_order_units: must be a decimal number in quotes, like "10000" or "0.5", not 0.5"#,
        #"s/strategy.toml:10: limits.files: must be a whole number from 16 to 1000000, not 3"#,
        #"s/strategy.toml:11: limits.colour: unknown key; known here: memory, cpu, processes, files, disk, output"#,
      ])
  }

  @Test(
    "Names that cannot be are refused",
    arguments: ["name = \"Bot\"", "name = \"1x\"", "name = \"gateway\"", "name = 5", "name = \"\"", ""])
  func names(line: String) {
    let found = issues("\(line)\ncommand = [\"true\"]")
    #expect(found.count >= 1 && found.allSatisfy { $0.contains("name: ") })
  }

  @Test("There is exactly one thing to run, and a file to run exists")
  func entries() {
    #expect(issues("name = \"bot\"").first?.contains("command: is missing") == true)
    #expect(
      issues(start + "run = \"x.py\"") == [
        #"s/strategy.toml:3: run: stands beside "command": keep one of the two"#
      ])
    #expect(issues("name = \"bot\"\ncommand = []") == ["s/strategy.toml:2: command: names no program"])
    #expect(
      issues("name = \"bot\"\nrun = \"gone.py\"")
        == ["s/strategy.toml:2: run: s/gone.py: No such file or directory"])
  }

  @Test("What is not TOML is told with its line, what cannot be read with its reason")
  func syntax() throws {
    #expect(
      issues("name = \"bot\"\nnot toml at all\n").first?.hasPrefix("s/strategy.toml:2: not TOML: ") == true)
    let folder = Folder()
    let binary = try folder.put("b.toml", "")
    #expect(throws: ConfigErrors.self) { try StrategyManifest(path: binary) }
    do {
      _ = try StrategyManifest(path: folder.path + "/none.toml")
    } catch {
      #expect(error.description == "\(folder.path)/none.toml: cannot be read: No such file or directory")
    }
  }

  @Test("One bad manifest keeps none of the others from loading, and a name belongs to the first")
  func directory() throws {
    let folder = Folder()
    try folder.put("a/strategy.toml", start)
    try folder.put("b/strategy.toml", "name = ")
    try folder.put("c/strategy.toml", "command = [\"true\"]\n" + "name = \"bot\"")
    try folder.put("d/strategy.toml", "name = \"ant\"\ncommand = [\"true\"]")
    try folder.put("sdk/readme.txt", "no strategy")
    let contents = ManifestDirectory.load(folder.path)
    #expect(contents.manifests.map(\.name) == ["ant", "bot"])
    #expect(contents.issues.count == 2)
    #expect(
      contents.issues.first?.path == "\(folder.path)/b/strategy.toml" && contents.issues.first?.line == 1)
    #expect(contents.issues.last?.line == 2 && contents.issues.last?.key == "name")
    #expect(contents.issues.last?.message == "\"bot\" is the name of \(folder.path)/a/strategy.toml already")
    #expect(
      ManifestDirectory.load(folder.path + "/none").issues.first?.message.contains("No such file") == true)
  }
}
