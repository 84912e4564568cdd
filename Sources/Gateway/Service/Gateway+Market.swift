import Config
import Dispatch
import Feeds
import MarketStore
public import Model
import NIOCore
public import Storage
import Trading
import TradingStore

/// Which candles are asked for.
public struct CandleSpan: Sendable {
  /// The earliest start, and the time before which they start; nil: as far as there are any.
  public let from: Timestamp?
  public let to: Timestamp?
  /// At most: the first so many where there is a `from`, else the last.
  public let count: Int

  public init(from: Timestamp? = nil, to: Timestamp? = nil, count: Int) {
    self.from = from
    self.to = to
    self.count = count
  }

  func holds(_ candle: Candle) -> Bool {
    (from.map { candle.start >= $0 } ?? true) && (to.map { candle.start < $0 } ?? true)
  }

  /// As many of them as are asked for.
  func cut(_ candles: [Candle]) -> [Candle] {
    let inside = candles.filter(holds)
    return from == nil ? inside.suffix(count) : Array(inside.prefix(count))
  }
}

/// The market as HTTP sees it.
extension Gateway {
  /// Candles, oldest first; the last may be forming. Those that are no longer in memory come from the disk.
  public nonisolated func candles(
    of instrument: String, _ granularity: Granularity, _ span: CandleSpan
  ) async throws(StorageError) -> [Candle] {
    let held = await heldCandles(instrument, granularity)
    let isEnough =
      span.from.map { from in held.first.map { $0.start <= from } ?? false }
      ?? (held.filter(span.holds).count >= span.count)
    guard !isEnough, let market else { return span.cut(held) }
    let oldest = held.first?.start ?? Timestamp(nanoseconds: .max)
    let before = min(span.to ?? oldest, oldest)
    let older = await blocking {
      Result { () throws(StorageError) in
        try market.candles(
          instrument, granularity, from: span.from, before: before.nanoseconds == .max ? nil : before,
          limit: span.count)
      }
    }
    return span.cut(try older.get() + held)
  }

  private nonisolated func heldCandles(_ instrument: String, _ granularity: Granularity) async -> [Candle] {
    await withCheckedContinuation { continuation in
      loop.execute {
        self.assumeIsolated { gateway in
          continuation.resume(
            returning: gateway.candles.candles(instrument, granularity, count: CandleBook.kept + 1))
        }
      }
    }
  }

  /// Runs what blocks on the queue of questions.
  private nonisolated func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      questions.async { continuation.resume(returning: work()) }
    }
  }
}

// MARK: - Keeping candles

extension Gateway {
  /// Between two looks at what is too old.
  private static let pruningPause = TimeAmount.minutes(10)

  static func openMarket(
    _ configuration: GatewayConfiguration, _ feed: FeedState
  ) -> Result<MarketStore, StorageError> {
    let kept = configuration.settings.market
    let retention = CandleRetention(
      secondsKept: kept.keepSeconds.components.seconds, minutesKept: kept.keepMinutes.components.seconds,
      hoursKept: kept.keepHours.components.seconds, bytesMax: Int64(clamping: kept.maxBytes))
    return Result { () throws(StorageError) in
      try MarketStore(
        path: configuration.marketPath, feed: feed.position.identity, retention: retention)
    }
  }

  /// Goes on with the candles of before a restart. A recording's are taken up to where it goes on, and not at all
  /// where it begins anew.
  func restoreCandles() {
    guard let market, feed.isLive || feed.position.sequence > 0 else { return }
    for instrument in feed.instruments {
      var stored: [Granularity: [Candle]] = [:]
      for granularity in Granularity.allCases {
        let before =
          feed.isLive ? nil : feed.position.time.map { $0.advanced(seconds: 1 - granularity.seconds) }
        let found = try? market.candles(instrument.name, granularity, before: before, limit: CandleBook.kept)
        guard let found, !found.isEmpty else { continue }
        stored[granularity] = found
        // Stops that follow at a distance of candles know it at once again.
        core.recall(found)
      }
      if !stored.isEmpty { candles.restore(instrument.name, stored) }
    }
  }

  /// A recording at full speed makes more short candles than anybody looks at; it can be played again.
  func keep(_ completed: [Candle]) {
    market?.append(feed.isLive ? completed : completed.filter { $0.granularity.seconds >= 60 })
  }

  func pruneCandles() {
    let now = NIODeadline.now()
    guard let market, now - prunedCandles >= Self.pruningPause else { return }
    prunedCandles = now
    questions.async { _ = try? market.prune() }
  }
}
