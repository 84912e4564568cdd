public import Model

/// Plays a feed: says which quote is next and when. It reads no clock; a thin driver brings the time and waits.
public struct FeedPlayer {
  /// What the driver does next.
  public enum Step {
    case quote(Quote)
    /// Ask again at that time.
    case due(Timestamp)
    /// Ask again when the reading thread says that there is more.
    case nothingYet
    case ended
    case failed(FeedError)
  }

  private enum Source {
    case market(SyntheticMarket)
    case files(Replay)
  }

  private struct Replay {
    let ahead: ReadAhead
    let speed: ReplaySpeed
    var batch = QuoteBatch()
    var index = 0
    var pacing: Pacing?
  }

  /// A machine that slept does not want to hear of the quotes of the night.
  private static let longestLag: Int64 = 5

  private var source: Source
  /// Skipped lines that nobody took note of yet.
  private var badLines = QuoteBatch()
  /// All skipped lines.
  public private(set) var badLineCount = 0

  /// A made-up market.
  public init(_ market: SyntheticMarket) { source = .market(market) }

  /// Recorded files, read ahead by a thread.
  public init(_ ahead: ReadAhead, speed: ReplaySpeed) { source = .files(Replay(ahead: ahead, speed: speed)) }

  /// What comes next at the time `now`. A quote that is returned is taken.
  public mutating func next(now: Timestamp) -> Step {
    switch source {
    case .market(var market):
      if market.nextTime.advanced(seconds: Self.longestLag) < now { market.jump(to: now) }
      let due = market.nextTime
      guard due <= now else {
        source = .market(market)
        return .due(due)
      }
      let quote = market.next()
      source = .market(market)
      return .quote(quote)
    case .files: return nextRecorded(now)
    }
  }

  private mutating func nextRecorded(_ now: Timestamp) -> Step {
    guard case .files(var replay) = source else { return .ended }
    // Taken out while it changes, so that the batch is not copied.
    source = .files(Replay(ahead: replay.ahead, speed: replay.speed))
    defer { source = .files(replay) }
    while replay.index == replay.batch.quotes.count {
      switch replay.ahead.take() {
      case .batch(let batch):
        note(batch)
        replay.batch = batch
        replay.index = 0
      case .nothingYet: return .nothingYet
      case .ended: return .ended
      case .failed(let error): return .failed(error)
      }
    }
    let quote = replay.batch.quotes[replay.index]
    if case .times(let speed) = replay.speed {
      let pacing = replay.pacing ?? Pacing(first: quote.time, begin: now, speed: speed)
      replay.pacing = pacing
      let due = pacing.due(quote.time)
      guard due <= now else { return .due(due) }
    }
    replay.index += 1
    return .quote(quote)
  }

  private mutating func note(_ batch: QuoteBatch) {
    badLineCount += batch.badLineCount
    badLines.badLineCount += batch.badLineCount
    let room = QuoteBatch.badLinesKept - badLines.badLines.count
    badLines.badLines += batch.badLines.prefix(max(0, room))
  }

  /// The skipped lines since the last call: how many, and the first of them.
  public mutating func takeBadLines() -> (count: Int, first: [BadLine]) {
    defer { badLines = QuoteBatch() }
    return (badLines.badLineCount, badLines.badLines)
  }

  /// The state of a made-up market, to go on from after a restart.
  public var state: String? {
    if case .market(let market) = source { market.state } else { nil }
  }

  /// Ends the reading thread.
  public func cancel() {
    if case .files(let replay) = source { replay.ahead.cancel() }
  }
}
