import Model

/// Recorded files, merged by time; quotes of the same millisecond keep the order of the files, and within one
/// file the order of its lines.
public struct ReplaySource: QuoteSource {
  private var files: [ReplayFile]
  private var heads: [Quote?]
  private var isStarted = false
  private let policy: BadLinePolicy
  private var sequence: Int64 = 0

  public init(_ plan: ReplayPlan, onBadLine policy: BadLinePolicy) throws(FeedError) {
    self.policy = policy
    let names = plan.instruments.map(\.name)
    files = []
    for path in plan.paths { files.append(try ReplayFile(path, names: names)) }
    heads = Array(repeating: nil, count: files.count)
  }

  public mutating func fill(_ batch: inout QuoteBatch, limit: Int) throws(FeedError) {
    batch.quotes.reserveCapacity(batch.quotes.count + limit)
    if files.count == 1 {
      for _ in 0..<limit {
        sequence += 1
        guard let quote = try files[0].next(sequence, policy, &batch) else { return }
        batch.quotes.append(quote)
      }
      return
    }
    if !isStarted {
      isStarted = true
      for index in files.indices { heads[index] = try files[index].next(0, policy, &batch) }
    }
    for _ in 0..<limit {
      guard let index = earliest(), let head = heads[index] else { return }
      sequence += 1
      batch.quotes.append(
        Quote(
          sequence: sequence, instrument: head.instrument, bid: head.bid, ask: head.ask, time: head.time,
          bidSize: head.bidSize, askSize: head.askSize))
      heads[index] = try files[index].next(0, policy, &batch)
    }
  }

  private func earliest() -> Int? {
    var best: Int?
    var time = Timestamp(nanoseconds: .max)
    for (index, head) in heads.enumerated() {
      if let head, head.time < time {
        best = index
        time = head.time
      }
    }
    return best
  }
}

/// One recording: its good lines as quotes.
struct ReplayFile {
  private let file: CSVFile
  private var reader: CSVLineReader
  private let names: [String]
  private var lastMilliseconds: Int64 = 0

  init(_ path: String, names: [String]) throws(FeedError) {
    file = try CSVFile(path: path)
    reader = CSVLineReader(names: names, hasSizes: try file.readHeader())
    self.names = names
  }

  mutating func next(
    _ sequence: Int64, _ policy: BadLinePolicy, _ batch: inout QuoteBatch
  ) throws(FeedError) -> Quote? {
    while let line = try file.nextLine() {
      let reason: String
      switch line {
      case .tooLong: reason = "the line is longer than \(CSVFile.longestLine) bytes"
      case .text(let bytes) where bytes.isEmpty: continue
      case .text(let bytes):
        do throws(CSVLineReader.Failure) {
          let read = try reader.read(bytes)
          if read.milliseconds >= lastMilliseconds {
            lastMilliseconds = read.milliseconds
            return Quote(
              sequence: sequence, instrument: names[read.instrument], bid: read.bid, ask: read.ask,
              time: Timestamp(milliseconds: read.milliseconds), bidSize: read.bidSize, askSize: read.askSize)
          }
          reason = "the time \(read.milliseconds) is before that of an earlier line, \(lastMilliseconds)"
        } catch {
          reason = error.reason
        }
      }
      let bad = BadLine(file: file.path, line: file.line, reason: reason)
      guard policy == .skip else {
        throw FeedError(.badLine, "\(bad). Mend the line, or set [feed] on_bad_line = \"skip\".")
      }
      batch.note(bad)
    }
    return nil
  }
}
