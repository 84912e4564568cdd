import Model
import Testing
import Wire

@testable import Commands

/// A status with that many strategies, every fifth of them failed.
func manyStrategies(_ count: Int, name: (Int) -> String = { "bot-\($0)" }) -> JSON {
  guard case .object(var status) = Sample.status else { return .null }
  status["strategies"] = .array(
    (0..<count).map { index in
      let state = index % 5 == 4 ? "failed" : "ready"
      let sample = Sample.strategy(
        name(index), state, units: "1000", realised: "\(index)", unrealised: "0")
      var item = sample.objectValue ?? JSONObject()
      item["cpu_percent"] = .double(Double(index % 7))
      item["memory_bytes"] = .int(1_000_000 * (index + 1))
      item["reason"] = index % 5 == 4 ? "exited with code 3" : nil
      return .object(item)
    })
  return .object(status)
}

@Suite("top: the state") struct TopStateTests {
  private static let start = Page.test().now

  private func state(_ status: JSON = manyStrategies(10), columns: Int = 80, rows: Int = 24) -> TopState {
    var state = TopState(size: .init(columns: columns, rows: rows), now: Self.start)
    _ = state.handle(.status(status), now: Self.start)
    return state
  }

  private func pressed(_ keys: String, in state: inout TopState) -> [TopState.Effect] {
    keys.flatMap { state.handle(.key($0 == "\n" ? .enter : .character($0)), now: Self.start) }
  }

  @Test("Bytes become keys, however they are cut into pieces") func keys() {
    var reader = TopKeyReader()
    let found = reader.keys(Array("a\u{1B}[A\u{1B}[5~\u{3}".utf8))
    #expect(found == [.character("a"), .up, .pageUp, .control("c")])
    #expect(reader.keys([0x1B]) == [])
    #expect(reader.keys([0x5B]) == [])
    #expect(reader.keys([0x42]) == [.down])
    #expect(reader.keys(Array("é".utf8.prefix(1))) == [])
    #expect(reader.keys(Array("é".utf8.dropFirst())) == [.character("é")])
    #expect(reader.keys(Array("\u{1B}[200;1Rq".utf8)) == [.character("q")])
    #expect(reader.keys([0x1B]) == [])
    #expect(reader.settle() == [.escape])
    #expect(reader.settle() == [])
  }

  @Test("The cursor stays on its strategy when the order changes") func selection() {
    var state = state()
    #expect(state.selected == "bot-0")
    _ = state.handle(.key(.down), now: Self.start)
    #expect(state.selected == "bot-1")
    #expect(pressed("m", in: &state) == [])
    #expect(state.rows.first?.name == "bot-9")
    #expect(state.selected == "bot-1")
    _ = state.handle(.key(.home), now: Self.start)
    #expect(state.selected == "bot-9")
    _ = state.handle(.key(.end), now: Self.start)
    #expect(state.selected == "bot-0")
    #expect(pressed("m", in: &state) == [])
    #expect(state.rows.first?.name == "bot-0")
  }

  @Test("The cursor is always on the screen", arguments: [(80, 24), (40, 10), (200, 60), (20, 3)])
  func scrolling(_ columns: Int, _ rows: Int) {
    var state = state(manyStrategies(300), columns: columns, rows: rows)
    for key in [TopKey.down, .pageDown, .pageDown, .end, .up, .pageUp, .home, .down] {
      _ = state.handle(.key(key), now: Self.start)
      let visible = max(1, TopLayout(state).tableRows)
      let index = state.rows.firstIndex { $0.name == state.selected } ?? -1
      #expect((state.scrolled..<(state.scrolled + visible)).contains(index))
    }
    _ = state.handle(.key(.end), now: Self.start)
    _ = state.handle(.resize(.init(columns: columns, rows: 12)), now: Self.start)
    #expect(state.selected == state.rows.last?.name)
  }

  @Test("Stop and restart ask first; no means no") func questions() {
    var state = state()
    #expect(pressed("k", in: &state) == [])
    #expect(state.mode == .asking(.init(verb: "stop", name: "bot-0")))
    #expect(pressed("n", in: &state) == [])
    #expect(state.mode == .table)
    #expect(pressed("ry", in: &state) == [.command(verb: "restart", name: "bot-0")])
    #expect(pressed("k", in: &state) == [])
    // Any other key neither does it nor ends the question.
    #expect(pressed("x", in: &state) == [])
    #expect(state.handle(.key(.escape), now: Self.start) == [])
    #expect(state.mode == .table)
  }

  @Test("Pause resumes what is paused, start and reset go at once") func commands() {
    var state = state(Sample.status)
    #expect(pressed("p", in: &state) == [.command(verb: "pause", name: "ema-cross")])
    _ = state.handle(.key(.down), now: Self.start)
    #expect(pressed("p", in: &state) == [.command(verb: "resume", name: "grid-bot")])
    _ = state.handle(.key(.down), now: Self.start)
    #expect(
      pressed("Rs", in: &state) == [
        .command(verb: "reset", name: "momentum-sniper"), .command(verb: "start", name: "momentum-sniper"),
      ])
  }

  @Test("A freeze asks first, and the same key lets a frozen one go on") func freeze() {
    guard case .object(var status) = Sample.status, var frozen = Sample.stopped.objectValue else { return }
    var state = state(Sample.status)
    #expect(pressed("z", in: &state) == [])
    #expect(pressed("y", in: &state) == [.command(verb: "freeze", name: "ema-cross")])
    frozen["frozen"] = true
    status["strategies"] = [.object(frozen)]
    state = self.state(.object(status))
    #expect(pressed("z", in: &state) == [.command(verb: "resume", name: "momentum-sniper")])
  }

  @Test("While rbotd does not answer nothing is asked of it") func lost() {
    var state = state()
    _ = state.handle(.lost("gone"), now: Self.start)
    #expect(pressed("p", in: &state) == [])
    #expect(state.notice?.isTrouble == true)
    _ = state.handle(.status(manyStrategies(3)), now: Self.start)
    #expect(state.link == .up)
    #expect(pressed("p", in: &state).count == 1)
  }

  @Test("A filter narrows the table as it is typed, and Escape brings the old one back") func filter() {
    var state = state()
    #expect(pressed("/BOT-7\n", in: &state) == [])
    #expect(state.rows.map(\.name) == ["bot-7"])
    #expect(state.selected == "bot-7")
    #expect(pressed("/x", in: &state) == [])
    #expect(state.rows.isEmpty)
    _ = state.handle(.key(.escape), now: Self.start)
    #expect(state.filter == "BOT-7")
    _ = state.handle(.key(.escape), now: Self.start)
    #expect(state.rows.count == 10)
    #expect(pressed("/failed\n", in: &state) == [])
    #expect(state.rows.count == 2)
  }

  @Test("Every sort key has a letter of its own, which commands nothing")
  func sortKeys() {
    let keys = TopSort.allCases.map(\.key)
    #expect(Set(keys).count == keys.count)
    #expect(keys.allSatisfy { !"q?/lipskrvR<>".contains($0) })
    for sort in TopSort.allCases {
      var state = state()
      _ = pressed(String(sort.key), in: &state)
      #expect(state.sort == sort)
      #expect(state.rows.count == 10)
    }
  }

  @Test("Logs follow, scroll back without moving, filter by level and text, and close")
  func logs() {
    var state = state()
    #expect(pressed("l", in: &state) == [.openLogs("bot-0")])
    func entry(_ number: Int, _ level: String) -> TopLogs.Entry {
      TopLogs.Entry(
        ["level": .string(level), "message": .string("line \(number)"), "strategy": "bot-0"], page: .test())
    }
    _ = state.handle(
      .logs((0..<100).map { entry($0, $0 % 10 == 0 ? "error" : "info") }, dropped: 0), now: Self.start)
    #expect(state.logs?.isFollowing == true)
    _ = state.handle(.key(.pageUp), now: Self.start)
    let below = state.logs?.below ?? 0
    #expect(below > 0)
    _ = state.handle(.logs([entry(100, "info"), entry(101, "info")], dropped: 0), now: Self.start)
    #expect(state.logs?.below == below + 2)
    #expect(pressed("e", in: &state) == [])
    #expect(state.logs?.lines.count == 10)
    #expect(pressed("d/LINE 9\n", in: &state) == [])
    #expect(state.logs?.lines.count == 11)
    #expect(pressed("q", in: &state) == [.closeLogs])
    #expect(state.mode == .table)
    #expect(pressed("q", in: &state) == [.quit])
  }

  @Test("Logs are bounded") func logsAreBounded() {
    var logs = TopLogs(name: "a")
    for start in stride(from: 0, to: 20_000, by: 1_000) {
      let some = (start..<start + 1_000).map {
        TopLogs.Entry(["message": .string("line \($0)")], page: .test())
      }
      logs.append(some, dropped: 0)
    }
    #expect(logs.entries.count == TopLogs.entriesMax)
    #expect(logs.entries.last?.text.contains("19999") == true)
  }

  @Test("No row of keys, in any order, brings the state out of bounds") func random() {
    var random = SystemRandomNumberGenerator()
    let letters: [TopKey] = "abcdefghiklmnoprstuvxyRN/?<>".map { .character($0) }
    let keys = letters + [.up, .down, .pageUp, .pageDown, .home, .end, .enter, .escape, .backspace]
    var state = state(manyStrategies(40))
    for step in 0..<20_000 {
      if step % 50 == 0 {
        let size = Page.Size(columns: Int.random(in: 1...200), rows: Int.random(in: 1...60))
        _ = state.handle(.resize(size), now: Self.start)
        _ = state.handle(.status(manyStrategies(Int.random(in: 0...40))), now: Self.start)
      }
      guard let key = keys.randomElement(using: &random) else { continue }
      _ = state.handle(.key(key), now: Self.start)
      if step % 20 == 0 {
        let rows = TopView(state, page: .test(columns: state.size.columns)).rows
        #expect(rows.count == max(1, state.size.rows))
      }
    }
  }
}
