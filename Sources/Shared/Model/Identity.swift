/// The name of a strategy: 1 to 64 characters of `a–z 0–9 -`, beginning with a letter.
///
/// It is a folder name, a part of client order ids and a label in logs, so it is kept to what all of these take.
public struct StrategyName: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let text: String

  /// Nil when `text` breaks the rule above.
  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard let first = bytes.first, bytes.count <= 64, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
      bytes.allSatisfy({ byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
      })
    else { return nil }
    self.text = String(text)
  }

  public static let rule = "1 to 64 characters of a-z, 0-9 and -, beginning with a letter"

  public var description: String { text }

  public static func < (left: StrategyName, right: StrategyName) -> Bool { left.text < right.text }
}

/// Counts the spawns of one strategy, over all runs of the daemon; every event of a worker carries its own.
public typealias Generation = Int
