import IPC
import NIOCore
import Testing
import Wire

@testable import Commands

/// Making, adding, changing and removing strategies, against a daemon whose answers are known.
@Suite struct AddingTests {
  private static let plain = "name = \"bot\"\ncommand = [\"true\"]\n"

  /// A daemon that looks into that folder and takes what it finds there.
  private func answers(
    _ folder: TestFolder, state: String = "ready", positions: JSON = [], orders: JSON = [], errors: JSON = []
  ) -> [String: JSON] {
    [
      "status": [
        "supervisor": ["strategies_folder": .string(folder.path)], "gateway": ["state": "ready"],
        "strategies": [["name": "bot", "state": .string(state)]], "errors": [],
      ],
      "reload": ["plan": [["name": "bot", "action": "start", "because": ["new"]]], "errors": errors],
      "positions": ["positions": positions], "orders": ["orders": orders],
      "strategy.stop": ["results": [["name": "bot", "ok": true, "state": "stopped"]]],
    ]
  }

  @Test func disableSetsTheKeyAndKeepsEverythingElse() async throws {
    let folder = try TestFolder()
    let text = "# mine\n" + Self.plain + "enabled = true   # for now\n[params]\nenabled = true\n"
    try folder.put("some_folder/strategy.toml", text, mode: 0o640)
    try await withDaemon(answers(folder, state: "stopped")) { daemon in
      let (status, output) = await rbotctl("disable", "bot", "--socket", daemon.path)
      #expect(status == .done, "\(output.complained)")
      // What follows is only asked, to tell what stays open.
      #expect(daemon.requests.map(\.method).starts(with: ["status", "reload", "status"]))
      #expect(daemon.requests.count { $0.method == "reload" } == 1)
    }
    #expect(
      try folder.text("some_folder/strategy.toml") == text.replacing("= true   #", with: "= false   #"))
    #expect(try folder.mode("some_folder/strategy.toml") == 0o640)
  }

  @Test func anUnknownNameIsRefusedBeforeAnythingIsChanged() async throws {
    let folder = try TestFolder()
    try folder.put("bot/strategy.toml", Self.plain)
    try await withDaemon(answers(folder)) { daemon in
      let (status, output) = await rbotctl("disable", "bot", "bto", "--socket", daemon.path)
      #expect(status == .refused)
      #expect(output.complained.contains("did you mean bot?"))
    }
    #expect(try folder.text("bot/strategy.toml") == Self.plain)
  }

  @Test func aVirtualEnvironmentIsNotTornApart() async throws {
    let (folder, source) = (try TestFolder(), try TestFolder())
    try source.put("strategy.toml", "name = \"bot\"\ncommand = [\".venv/bin/python\"]\n")
    try source.put(".venv/bin/python", "#!/bin/sh\n", mode: 0o755)
    try await withDaemon(answers(folder)) { daemon in
      let (status, output) = await rbotctl("add", source.path, "--socket", daemon.path)
      #expect(status == .refused && output.complained.contains("--link"), "\(output.complained)")
    }
    #expect(folder.names.isEmpty)
  }

  @Test func whatIsAddedIsCopiedWholeWithoutWhatToolsMade() async throws {
    let (folder, source) = (try TestFolder(), try TestFolder())
    try source.put("strategy.toml", Self.plain)
    try source.put("tools/run.sh", "#!/bin/sh\n", mode: 0o755)
    try source.put("__pycache__/x.pyc", "")
    try source.put(".git/config", "")
    try await withDaemon(answers(folder)) { daemon in
      let (status, output) = await rbotctl("add", source.path, "--socket", daemon.path)
      #expect(status == .done, "\(output.complained)")
      #expect(output.lines.last == "bot  ready")
    }
    #expect(folder.names == ["bot"])
    #expect(try folder.text("bot/strategy.toml") == Self.plain)
    #expect(try folder.mode("bot/tools/run.sh") == 0o755)
    #expect(Path.names(in: folder.path + "/bot") == ["strategy.toml", "tools"])
  }

  @Test func anotherNameIsWrittenIntoTheCopyAlone() async throws {
    let (folder, source) = (try TestFolder(), try TestFolder())
    try source.put("strategy.toml", Self.plain)
    try await withDaemon(answers(folder)) { daemon in
      let (status, _) = await rbotctl("add", source.path, "--name", "other", "--socket", daemon.path)
      #expect(status == .done)
    }
    #expect(try folder.text("other/strategy.toml").hasPrefix("name = \"other\"\n"))
    #expect(try source.text("strategy.toml") == Self.plain)
  }

  @Test(arguments: [
    "name = \"bot\"\ncommand = [\"true\"]\nenabeld = true\n", "name = \"bot\"\n", "not toml",
    "name = \"bot\"\ncommand = [\"no-such-program-anywhere\"]\n",
  ])
  func whatHasErrorsIsRefusedAndNothingIsLeft(_ text: String) async throws {
    let (folder, source) = (try TestFolder(), try TestFolder())
    try source.put("strategy.toml", text)
    try await withDaemon(answers(folder)) { daemon in
      let (status, output) = await rbotctl("add", source.path, "--socket", daemon.path)
      #expect(status == .refused)
      #expect(output.complained.contains("strategy.toml"))
      #expect(!daemon.requests.map(\.method).contains("reload"))
    }
    #expect(folder.names.isEmpty)
  }

  @Test func aDaemonKnowsItsOwnPathBetter() async throws {
    let (folder, source) = (try TestFolder(), try TestFolder())
    try source.put("strategy.toml", "name = \"bot\"\ncommand = [\"no-such-program-anywhere\"]\n")
    var all = answers(folder)
    all["check"] = ["errors": [], "warnings": []]
    try await withDaemon(all) { daemon in
      let (status, _) = await rbotctl("add", source.path, "--socket", daemon.path)
      #expect(status == .done)
      #expect(
        daemon.requests.first { $0.method == "check" }?.params.text("manifest").contains("no-such") == true)
    }
    all["check"] = [
      "errors": [["path": "x", "line": 3, "message": "sandbox.read: too much"]], "warnings": [],
    ]
    try await withDaemon(all) { daemon in
      let (status, output) = await rbotctl("check", source.path, "--socket", daemon.path)
      #expect(status == .refused && output.written.contains("strategy.toml:3: error: sandbox.read: too much"))
    }
  }

  @Test func aCopyStaysWhereTheDaemonDoesNotSayWhetherItTakesIt() async throws {
    let (folder, source) = (try TestFolder(), try TestFolder())
    try source.put("strategy.toml", Self.plain)
    let all = answers(folder)
    let silent: FakeDaemon.Answer = { method, _, id, connection in
      if let answer = all[method], method != "reload" {
        connection.reply(to: id, result: answer)
      } else if method == "reload" {
        connection.close()
      } else {
        connection.reply(to: id, error: .unknownMethod(method))
      }
    }
    try await withDaemon(silent) { daemon in
      let (status, output) = await rbotctl("add", source.path, "--socket", daemon.path)
      #expect(
        status == .refused && output.complained.contains("\(folder.path)/bot stays"), "\(output.complained)")
    }
    #expect(folder.names == ["bot"])
  }

  @Test func whatTheDaemonRefusesIsTakenOutAgain() async throws {
    let (folder, source) = (try TestFolder(), try TestFolder())
    try source.put("strategy.toml", Self.plain)
    let errors: JSON = [["path": .string(folder.path + "/bot/strategy.toml"), "line": 1, "message": "no"]]
    try await withDaemon(answers(folder, errors: errors)) { daemon in
      let (status, output) = await rbotctl("add", source.path, "--socket", daemon.path)
      #expect(status == .refused)
      #expect(output.complained.contains("/bot/strategy.toml:1: no"))
    }
    #expect(folder.names.isEmpty)
  }

  @Test func aNameThatIsTakenIsRefused() async throws {
    let (folder, source) = (try TestFolder(), try TestFolder())
    try folder.put("elsewhere/strategy.toml", Self.plain)
    try source.put("strategy.toml", Self.plain)
    try await withDaemon(answers(folder)) { daemon in
      let (status, output) = await rbotctl("add", source.path, "--home", "/x", "--socket", daemon.path)
      #expect(status == .refused)
      #expect(output.complained.contains("there is a strategy bot already"))
    }
    #expect(folder.names == ["elsewhere"])
  }

  @Test func removeMovesTheFolderAside() async throws {
    let folder = try TestFolder()
    try folder.put("some_folder/strategy.toml", Self.plain)
    try await withDaemon(answers(folder)) { daemon in
      let (status, output) = await rbotctl("remove", "bot", "--socket", daemon.path)
      #expect(status == .done, "\(output.complained)")
      let changes = daemon.requests.map(\.method).filter { ["strategy.stop", "reload"].contains($0) }
      #expect(changes == ["strategy.stop", "reload"])
    }
    #expect(folder.names == [".removed"])
    #expect(try folder.text(".removed/bot-20261121T120000/strategy.toml") == Self.plain)
  }

  @Test func whoHoldsAPositionOrHasWorkingOrdersStaysUnlessForced() async throws {
    let folder = try TestFolder()
    try folder.put("bot/strategy.toml", Self.plain)
    let positions: JSON = [["strategy": "bot", "instrument": "EUR_USD", "units": "1000"]]
    // The exits of its position are no orders that would be left to themselves.
    let orders: JSON = [
      ["strategy": "bot", "role": "entry"], ["strategy": "bot", "role": "stop_loss"],
    ]
    try await withDaemon(answers(folder, positions: positions, orders: orders)) { daemon in
      let (status, output) = await rbotctl("remove", "bot", "--socket", daemon.path)
      #expect(status == .refused)
      #expect(output.complained.contains("bot holds EUR_USD +1000 and has 1 working order"))
      #expect(folder.names == ["bot"])
      let forced = await rbotctl("remove", "bot", "--force", "--yes", "--socket", daemon.path)
      #expect(forced.status == .done)
    }
    #expect(folder.names == [".removed"])
  }

  @Test func whatTheEditorLeavesTakesTheManifestsPlaceOnlyWhenItIsRight() async throws {
    let (folder, tools) = (try TestFolder(), try TestFolder())
    try folder.put("bot/strategy.toml", Self.plain, mode: 0o600)
    let bad = try tools.put("bad", "#!/bin/sh\necho 'enabeld = true' >>\"$1\"\n", mode: 0o755)
    let good = try tools.put("good", "#!/bin/sh\necho 'enabled = false' >>\"$1\"\n", mode: 0o755)
    let before = TestFolder.temporaryEdits()
    try await withDaemon(answers(folder)) { daemon in
      let wrong = await rbotctl("edit", "bot", "--socket", daemon.path, environment: ["EDITOR": bad])
      #expect(wrong.status == .refused)
      #expect(wrong.output.complained.contains("did you mean \"enabled\"?"))
      let kept = try folder.text("bot/strategy.toml")
      #expect(kept == Self.plain)
      #expect(!daemon.requests.map(\.method).contains("reload"))
      let right = await rbotctl("edit", "bot", "--socket", daemon.path, environment: ["VISUAL": good])
      #expect(right.status == .done, "\(right.output.complained)")
      #expect(right.output.lines.first?.contains("would be started") == true)
      #expect(daemon.requests.filter { $0.method == "reload" }.map { $0.params["dry_run"] } == [true, false])
    }
    #expect(try folder.text("bot/strategy.toml") == Self.plain + "enabled = false\n")
    #expect(try folder.mode("bot/strategy.toml") == 0o600)
    #expect(folder.names == ["bot"])
    #expect(TestFolder.temporaryEdits() == before)
  }

  @Test func aNewStrategyIsThereWholeAndIsNotPutOverAnother() async throws {
    let folder = try TestFolder()
    let made = await rbotctl("new", "my-bot", "--python", "--at", folder.path)
    #expect(made.status == .done, "\(made.output.complained)")
    #expect(made.output.written.contains("rbotctl add \(folder.path)/my-bot"))
    #expect(Path.names(in: folder.path + "/my-bot") == ["strategy.py", "strategy.toml"])
    #expect(try folder.text("my-bot/strategy.py").contains("class MyBot(Strategy):"))
    let manifest = try folder.text("my-bot/strategy.toml")
    #expect(!manifest.contains("@"))
    let again = await rbotctl("new", "my-bot", "--python", "--function", "--at", folder.path)
    #expect(again.status == .refused)
    #expect(again.output.complained.contains("is there already"))
    for name in ["My Bot", "gateway", "rbot", "1st"] {
      #expect(await rbotctl("new", name, "--python", "--at", folder.path).status == .usage)
    }
    #expect(folder.names == ["my-bot"])
  }

  @Test func aSwiftStrategyNamesTheSourcesThatItIsBuiltAgainst() async throws {
    let (folder, sources) = (try TestFolder(), try TestFolder())
    try sources.put("Sources/Worker/StrategyKit/Strategy.swift", "")
    let made = await rbotctl("new", "fast", "--swift", "--sources", sources.path, "--at", folder.path)
    #expect(made.status == .done, "\(made.output.complained)")
    #expect(try folder.text("fast/Package.swift").contains("?? \"\(Path.real(sources.path) ?? "")\""))
    #expect(try folder.text("fast/Sources/Fast.swift").contains("final class Fast: Strategy"))
  }

  @Test func checkSaysEverythingAtOnceWithoutADaemon() async throws {
    let folder = try TestFolder()
    try folder.put("a/strategy.toml", "name = \"a\"\ncommand = [\"true\"]\nenabeld = 1\n")
    try folder.put("b/strategy.toml", "name = \"b\"\ncommand = [\"true\"]\nrequires = [\"c\"]\n")
    try folder.put("d/strategy.toml", "name = \"d\"\ncommand = [\"./d\"]\n[trading]\nmode = \"live\"\n")
    let (status, output) = await rbotctl(
      "check", "--strategies", folder.path, "--home", "/nonexistent", environment: ["PATH": "/usr/bin:/bin"])
    #expect(status == .refused)
    #expect(
      output.written.contains("/a/strategy.toml:3: error: enabeld: unknown key, did you mean \"enabled\"?"))
    #expect(output.written.contains("/b/strategy.toml:3: error: requires: there is no strategy \"c\""))
    #expect(output.written.contains("/d/strategy.toml:2: error: command: there is no file"))
    #expect(output.written.contains("/d/strategy.toml:4: warning: trading.mode"))
    #expect(output.lines.last?.hasSuffix(": 3 errors, 1 warning") == true)
    let one = await rbotctl("check", "d", "--strategies", folder.path, "--home", "/nonexistent", "--json")
    #expect(one.output.written.hasPrefix("{\"folder\":"))
    #expect(!one.output.written.contains("enabeld"))
  }
}

extension TestFolder {
  /// The copies that an edit may have left.
  static func temporaryEdits() -> [String] {
    (Path.names(in: "/tmp") ?? []).filter { $0.hasPrefix("rbotctl-edit-") }
  }
}
