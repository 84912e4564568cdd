import Model

@testable import SupervisorStore

/// Numbers that look random and are the same in every run.
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}

/// Made-up lines.
struct LogLines {
  private static let words = [
    "entered", "left", "EUR_USD", "stop loss", "Ünïcode", "\t", "line\nfeed", "42", "",
  ]

  var dice: Dice
  let sources: [String]

  init(seed: UInt64, sources: [String] = ["a", "b", "c"]) {
    dice = Dice(seed)
    self.sources = sources
  }

  mutating func entry(_ id: Int64) -> LogEntry {
    let message = (0..<Int.random(in: 0...6, using: &dice)).map { _ in
      Self.words.randomElement(using: &dice) ?? ""
    }.joined(separator: " ")
    let run = Int64.random(in: 0...3, using: &dice)
    return LogEntry(
      id: id, time: Timestamp(nanoseconds: id * 1_000 + .random(in: -5_000...5_000, using: &dice)),
      source: sources.randomElement(using: &dice) ?? "a", run: run == 0 ? nil : run,
      stream: LogStream.allCases.randomElement(using: &dice) ?? .log,
      severity: Severity.allCases.randomElement(using: &dice) ?? .info, message: message,
      fieldsJSON: Bool.random(using: &dice) ? nil : #"{"price":"1.\#(id)"}"#)
  }

  /// Lines with rising ids and now and then a gap, in blocks as a daemon makes them.
  mutating func blocks(_ count: Int) -> (entries: [LogEntry], blocks: [LogBlock]) {
    var entries: [LogEntry] = []
    var blocks: [LogBlock] = []
    var open: [String: OpenLogBlock] = [:]
    var id: Int64 = 0
    var floor: Int64 = 1
    for _ in 0..<count {
      id += Int.random(in: 0..<20, using: &dice) == 0 ? 5 : 1
      let entry = entry(id)
      entries.append(entry)
      entry.withLine {
        open[entry.source, default: OpenLogBlock(source: entry.source)].append($0, floor: floor)
      }
      // One is full, or all are closed together.
      if Int.random(in: 0..<15, using: &dice) == 0, let block = open[entry.source]?.close() {
        blocks.append(block)
      }
      if Int.random(in: 0..<40, using: &dice) == 0 {
        for source in open.keys.sorted() { if let block = open[source]?.close() { blocks.append(block) } }
        floor = id + 1
      }
    }
    for source in open.keys.sorted() { if let block = open[source]?.close() { blocks.append(block) } }
    return (entries, blocks)
  }
}
