import IPC
import NIOCore
import Testing
import Wire

@testable import Commands

/// Each command against a daemon whose answers are known.
@Suite struct ConversationTests {
  @Test func statusAsJSONIsExactlyWhatTheDaemonSays() async throws {
    try await withDaemon(["status": Sample.status]) { daemon in
      let (status, output) = await rbotctl("status", "--json", "--socket", daemon.path)
      #expect(status == .done)
      #expect(output.written == Sample.status.description + "\n")
      #expect(daemon.requests.first?.params == ["strategy": nil])
    }
  }

  @Test func optionsMayStandBeforeTheCommand() async throws {
    try await withDaemon(["status": Sample.status]) { daemon in
      let (status, output) = await rbotctl("--socket", daemon.path, "--json", "status")
      #expect(status == .done)
      #expect(output.written.hasPrefix("{\"supervisor\""))
    }
  }

  @Test func statusOfAStoppedStrategyEndsWith3() async throws {
    try await withDaemon(["status": ["supervisor": [:], "strategies": [Sample.stopped]]]) { daemon in
      let (status, output) = await rbotctl("status", "momentum-sniper", "--socket", daemon.path)
      #expect(status == .notRunning)
      #expect(output.written.contains("exited with code 3"))
    }
  }

  @Test func anUnknownStrategyIsRefusedWithTheNearestName() async throws {
    let answer: FakeDaemon.Answer = { method, params, id, connection in
      if params["strategy"]?.isNull == true {
        connection.reply(to: id, result: Sample.status)
      } else {
        connection.reply(to: id, error: .refused("unknown_strategy", "there is no such strategy"))
      }
    }
    try await withDaemon(answer) { daemon in
      let (status, output) = await rbotctl("status", "gird-bot", "--socket", daemon.path)
      #expect(status == .refused)
      #expect(output.complained == "rbotctl: there is no strategy gird-bot; did you mean grid-bot?\n")
    }
  }

  @Test(arguments: ["start", "stop", "restart", "pause", "resume"])
  func commandsSayOneLineEachAndEndWith1WhenOneIsRefused(_ verb: String) async throws {
    let results: JSON = [
      "results": [
        ["name": "ema-cross", "ok": true, "state": "ready", "reason": nil, "message": "done"],
        [
          "name": "b", "ok": false, "state": "failed", "reason": "start_timeout",
          "message": "not ready in 30 s",
        ],
      ]
    ]
    try await withDaemon(["strategy.\(verb)": results]) { daemon in
      let (status, output) = await rbotctl(verb, "ema-cross", "b", "--socket", daemon.path)
      #expect(status == .refused)
      #expect(output.written == "ema-cross  done\n")
      #expect(output.complained == "rbotctl: b: not ready in 30 s\n")
      #expect(daemon.requests.first?.params == ["names": ["ema-cross", "b"], "wait": true])
      let everyone = await rbotctl(verb, "--all", "--no-wait", "--json", "--socket", daemon.path)
      #expect(everyone.status == .refused)
      #expect(everyone.output.written == results.description + "\n")
      #expect(daemon.requests.last?.params == ["all": true, "wait": false])
    }
  }

  @Test func ordersFillsAndPositionsAskForWhatWasSaid() async throws {
    let order: JSON = [
      "order_id": "paper-1", "strategy": "grid-bot", "instrument": "EUR_USD", "side": "buy", "type": "market",
      "role": "entry", "units": "1000", "filled_units": "1000", "average_price": "1.38705", "state": "filled",
      "mode": "paper", "created": "2026-11-21T11:00:00Z",
    ]
    try await withDaemon([
      "orders": ["orders": [order]], "fills": ["fills": []], "positions": ["positions": []],
    ]) {
      daemon in
      let orders = await rbotctl(
        "orders", "--open", "--strategy", "grid-bot", "-n", "5", "--socket", daemon.path)
      #expect(orders.status == .done)
      #expect(orders.output.lines.last?.hasPrefix("12:00:00  paper-1  grid-bot  EUR_USD") == true)
      #expect(daemon.requests.last?.params == ["strategy": "grid-bot", "state": "open", "limit": 5])
      let fills = await rbotctl("fills", "--socket", daemon.path)
      #expect(fills.output.written == "no fills\n")
      let positions = await rbotctl("positions", "--json", "--socket", daemon.path)
      #expect(positions.output.written == "{\"positions\":[]}\n")
    }
  }

  @Test func theGatewaysAbsenceIsARefusal() async throws {
    let answer: FakeDaemon.Answer = { _, _, id, connection in
      connection.reply(to: id, error: .refused("gateway_down", "the gateway is not ready"))
    }
    try await withDaemon(answer) { daemon in
      let (status, output) = await rbotctl("orders", "--json", "--socket", daemon.path)
      #expect(status == .refused)
      #expect(
        output.complained == #"{"error":{"reason":"gateway_down","message":"the gateway is not ready"}}"#
          + "\n")
    }
  }

  @Test func metricsReloadAndVersionAreShown() async throws {
    try await withDaemon([
      "metrics": [
        "name": "grid-bot",
        "process": ["cpu_s": .double(1.5), "memory_bytes": 14_000_000, "fds": 5, "threads": 2],
        "metrics": [
          [
            "name": "signal", "labels": ["side": "buy"], "value": .double(0.81),
            "time": "2026-11-21T11:59:00Z",
            "count": 7,
          ]
        ],
      ],
      "reload": [
        "added": ["a"], "removed": [], "changed": ["b"], "unchanged": ["c"],
        "errors": [
          ["path": "/s/d/strategy.toml", "line": 3, "message": "unknown key comand; did you mean command?"]
        ],
      ], "version": ["version": "0.1.0", "protocol": 1, "swift": "6.3"],
    ]) { daemon in
      let metrics = await rbotctl("metrics", "grid-bot", "--socket", daemon.path)
      #expect(metrics.output.lines[0] == "grid-bot  14.00 MB · 1.50 s of CPU · 2 threads · 5 open files")
      #expect(metrics.output.lines[2] == "signal  side=buy   0.81   1m      7")
      let reload = await rbotctl("reload", "--dry-run", "--socket", daemon.path)
      #expect(reload.status == .refused)
      #expect(reload.output.lines.first == "would be added      a")
      #expect(
        reload.output.complained
          == "rbotctl: /s/d/strategy.toml:3: unknown key comand; did you mean command?\n")
      #expect(daemon.requests.last?.params == ["dry_run": true])
      let version = await rbotctl("version", "--socket", daemon.path)
      #expect(version.output.lines.last == "rbotd    0.1.0  protocol 1  Swift 6.3")
    }
  }
}
