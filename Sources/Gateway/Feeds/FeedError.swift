/// Why a feed cannot be played, with a stable word for programs and a sentence for people.
public struct FeedError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong, as a word that never changes its meaning.
  public enum Reason: String, Sendable {
    /// The text after `--feed` has no meaning.
    case badSpec = "feed_bad_spec"
    case missingFile = "feed_missing_file"
    case unreadableFile = "feed_unreadable_file"
    /// The file has no line with a quote.
    case emptyFile = "feed_empty_file"
    /// A line of the file is wrong, and the settings say to stop.
    case badLine = "feed_bad_line"
  }

  public let reason: Reason
  public let message: String

  public init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  public var description: String { message }
}

/// A line of a file that is not a quote.
public struct BadLine: Hashable, Sendable, CustomStringConvertible {
  public let file: String
  /// Counted from 1, the header included.
  public let line: Int
  /// What is wrong with it, as the end of a sentence.
  public let reason: String

  public init(file: String, line: Int, reason: String) {
    self.file = file
    self.line = line
    self.reason = reason
  }

  /// `ticks.csv, line 17: the bid is above the ask`.
  public var description: String { "\(file), line \(line): \(reason)" }
}
