import Feeds
public import Model
import NIOCore
public import Storage

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
    return span.cut(held)
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
}
