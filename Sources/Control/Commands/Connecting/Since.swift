import Model

/// Reads `--since`.
enum Since {
  static let usage = "a time such as 2026-11-21T11:55:27Z, or how long ago: 90s, 10m, 2h, 1h30m, 7d"

  /// The moment meant, nil for anything else.
  static func moment(_ text: String, now: Timestamp) -> Timestamp? {
    if let time = Timestamp(text) { return time }
    guard let seconds = seconds(text) else { return nil }
    return now.advanced(seconds: -seconds)
  }

  /// A length of time: whole numbers, each with its unit, from large to small.
  static func seconds(_ text: String) -> Int64? {
    let units: [(Character, Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
    var rest = Substring(text)
    var total: Int64 = 0
    var allowed = units[...]
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      guard digits.count <= 9, let count = Int64(digits), let unit = rest.popFirst(),
        let index = allowed.firstIndex(where: { $0.0 == unit })
      else { return nil }
      total += count * units[index].1
      allowed = units[(index + 1)...]
    }
    return total
  }
}
