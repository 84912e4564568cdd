public import Model

/// What output is made for: how wide, in colour or not, when, and in which time zone.
public struct Page: Sendable {
  /// Columns and rows of the terminal; nil when the output is none, and then nothing is cut.
  public var size: Size?
  public var isColoured: Bool
  public var now: Timestamp
  /// Seconds that local time is ahead of UTC at a moment.
  public var localOffset: @Sendable (Timestamp) -> Int64

  /// A terminal's size in cells.
  public struct Size: Hashable, Sendable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
      self.columns = columns
      self.rows = rows
    }
  }

  public init(
    size: Size?, isColoured: Bool, now: Timestamp, localOffset: @escaping @Sendable (Timestamp) -> Int64
  ) {
    self.size = size
    self.isColoured = isColoured
    self.now = now
    self.localOffset = localOffset
  }

  var width: Int? { size?.columns }

  /// The lines as text, each with its line feed.
  func text(_ lines: [Line]) -> String {
    lines.reduce(into: "") { $0 += $1.fitted(to: width).rendered(inColour: isColoured) + "\n" }
  }
}
