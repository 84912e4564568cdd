public import Model

/// Some quotes in the order of the feed, and the lines between them that were skipped.
public struct QuoteBatch: Sendable {
  public var quotes: [Quote] = []
  /// The first skipped lines of this batch, at most ``badLinesKept``.
  public var badLines: [BadLine] = []
  /// All skipped lines of this batch.
  public var badLineCount = 0

  public init() {}

  /// How many skipped lines one batch describes.
  public static let badLinesKept = 20

  mutating func note(_ line: BadLine) {
    badLineCount += 1
    if badLines.count < Self.badLinesKept { badLines.append(line) }
  }
}

/// Makes quotes one after the other, without a clock: each carries its own time.
public protocol QuoteSource {
  /// Appends at most `limit` quotes; none are appended when the feed has ended.
  mutating func fill(_ batch: inout QuoteBatch, limit: Int) throws(FeedError)
}

/// What to do with a line that is not a quote.
public enum BadLinePolicy: String, Sendable, CaseIterable {
  /// Count it, say so, and play the rest.
  case skip
  /// End the feed with an error.
  case stop
}
