import Model
import Testing

@testable import SupervisorStore

@Suite("Blocks of lines")
struct LogBlockTests {
  @Test("What goes into a block comes out of it", arguments: 1...20)
  func roundTrip(_ seed: UInt64) {
    var lines = LogLines(seed: seed, sources: ["grid-bot"])
    var block = OpenLogBlock(source: "grid-bot")
    var entries: [LogEntry] = []
    var id = Int64.random(in: 1...(.max / 2), using: &lines.dice)
    for _ in 0..<500 {
      id += Bool.random(using: &lines.dice) ? 1 : Int64.random(in: 2...1 << 40, using: &lines.dice)
      let made = lines.entry(id % 1_000)
      let time = Timestamp(nanoseconds: .random(in: .min / 2 ... .max / 2, using: &lines.dice))
      let entry = LogEntry(
        id: id, time: time, source: made.source, run: made.run.map { $0 << 40 }, stream: made.stream,
        severity: made.severity, message: made.message, fieldsJSON: made.fieldsJSON)
      entries.append(entry)
      entry.withLine { block.append($0, floor: 7) }
    }
    let closed = block.close()
    var found: [LogEntry] = []
    let isSound = closed?.eachLine { line in
      found.append(LogEntry(line))
      return true
    }
    #expect(isSound == true)
    #expect(found == entries)
    #expect(closed?.firstID == entries.first?.id && closed?.lastID == entries.last?.id && closed?.floor == 7)
    #expect(closed?.lines == 500)
    #expect(closed?.times.lowerBound == entries.map(\.time.nanoseconds).min())
    #expect(closed?.runs.upperBound == entries.map { $0.run ?? 0 }.max())
    #expect(block.isEmpty && block.close() == nil)
  }

  @Test("Damaged bytes end a block and nothing else")
  func damaged() {
    var lines = LogLines(seed: 3, sources: ["a"])
    let sound = lines.blocks(50).blocks[0].data
    for _ in 0..<3_000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...8, using: &lines.dice) {
        bytes[Int.random(in: 0..<bytes.count, using: &lines.dice)] = .random(in: 0...255, using: &lines.dice)
      }
      if Bool.random(using: &lines.dice) {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &lines.dice))
      }
      var total = 0
      bytes.withUnsafeBytes {
        _ = LogBlock.read($0, source: "a", firstID: 1) { line in
          total += line.message.count
          return true
        }
      }
      #expect(total <= bytes.count)
    }
  }

  @Test("A text is found in any case, in the message and in the fields, wherever it stands")
  func text() {
    let entry = LogEntry(
      id: 1, time: Timestamp(nanoseconds: 0), source: "a", run: nil, stream: .log, severity: .info,
      message: "Entered EUR_USD at 1.10 – Ünï", fieldsJSON: #"{"Order":"paper-1"}"#)
    let finds = { (text: String) in
      var filter = LogFilter()
      filter.text = text
      return entry.withLine { filter.matches($0) }
    }
    for text in ["entered", "EUR_usd", "1.10", "– Ü", "ünï".uppercased(), "order", "PAPER-1", "d", ""] {
      #expect(finds(text) == (text != "ÜNÏ"), "\(text)")
    }
    for text in ["entered  ", "EUR-USD", "paper-2", "1.10x", "{@"] { #expect(!finds(text), "\(text)") }
  }

  @Test("When there is no room, whoever said most loses his oldest lines, and the others keep theirs")
  func backlog() {
    var backlog = LogBacklog(losses: LogLosses())
    var id: Int64 = 0
    func block(_ source: String, bytes: Int) -> LogBlock? {
      var open = OpenLogBlock(source: source)
      id += 1
      LogEntry(
        id: id, time: Timestamp(nanoseconds: id), source: source, run: 1, stream: .stdout, severity: .info,
        message: String(repeating: "x", count: bytes)
      ).withLine { open.append($0, floor: id) }
      return open.close()
    }
    var isComplete = true
    if let quiet = block("quiet", bytes: 10) { isComplete = backlog.append(quiet) }
    #expect(isComplete)
    for _ in 0..<600 {
      if let loud = block("loud", bytes: 60_000) { isComplete = backlog.append(loud) && isComplete }
    }
    #expect(!isComplete)
    #expect(backlog.waiting.contains { $0.source == "quiet" })
    #expect(backlog.waiting.last?.lastID == id)
    #expect(backlog.lost.keys.sorted() == ["loud"])
    #expect(backlog.lostLines + backlog.waitingLines == 601)
    #expect(backlog.waiting.reduce(0) { $0 + $1.bytes } <= LogBacklog.bytesMax)
    let taken = backlog.take(bytesMax: 1 << 20)
    #expect(backlog.waiting.count == backlog.waitingLines && !taken.isEmpty)
    backlog.written()
    #expect(backlog.waiting.first?.firstID == taken.last.map { $0.lastID + 1 })
  }
}
