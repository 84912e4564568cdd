/// Reads what people write with a unit.
enum Units {
  /// "200ms", "5s", "1.5m", "1h", "2d"; nil for anything else, negatives included.
  static func duration(_ text: String) -> Duration? {
    guard let (number, unit) = split(text) else { return nil }
    let nanoseconds: Double? =
      switch unit {
      case "us": 1e3
      case "ms": 1e6
      case "s": 1e9
      case "m", "min": 60e9
      case "h": 3600e9
      case "d": 86_400e9
      default: nil
      }
    guard let nanoseconds, number * nanoseconds < 9e18 else { return nil }
    return .nanoseconds(Int64((number * nanoseconds).rounded()))
  }

  /// Bytes of "512MB" (decimal), "64KiB" (binary), "100" (bytes).
  static func size(_ text: String) -> UInt64? {
    guard let (number, unit) = split(text) else { return nil }
    let powers = ["": 0, "k": 1, "m": 2, "g": 3, "t": 4]
    var letters = unit.lowercased()
    if letters.hasSuffix("b") { letters.removeLast() }
    var base = 1000.0
    if letters.hasSuffix("i"), letters.count == 2 {
      letters.removeLast()
      base = 1024
    }
    guard let power = powers[letters] else { return nil }
    let bytes = (0..<power).reduce(number) { value, _ in value * base }
    return bytes < 9e18 ? UInt64(bytes) : nil
  }

  /// "1MB/s" as bytes per second.
  static func rate(_ text: String) -> UInt64? {
    guard text.hasSuffix("/s") else { return nil }
    return size(String(text.dropLast(2)))
  }

  /// "50%" as 0.5. More than 100 % is more than one processor.
  static func share(_ text: String) -> Double? {
    guard let (number, unit) = split(text), unit == "%" else { return nil }
    return number / 100
  }

  /// True for digits with at most one point between them, as money is written.
  static func isDecimal(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count <= 2 && text.utf8.count <= 37
      && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
  }

  private static func split(_ text: String) -> (number: Double, unit: String)? {
    let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    guard isDecimal(String(digits)), let number = Double(digits) else { return nil }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    return (number: number, unit: String(unit))
  }
}
