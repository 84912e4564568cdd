/// The known name that a mistyped one was meant to be.
enum NearestName {
  /// Nil where nothing is near enough to be worth proposing.
  static func among(_ known: [String], to name: String) -> String? {
    known.map { (name: $0, distance: distance($0, name)) }
      .filter { $0.distance <= max(1, min($0.name.utf8.count, name.utf8.count) / 2) }
      .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
  }

  /// A sentence about a strategy that does not exist.
  static func unknown(_ name: String, known: [String]) -> String {
    let start = "there is no strategy \(name)"
    if known.isEmpty { return start + "; there are none at all" }
    if let near = among(known, to: name) { return start + "; did you mean \(near)?" }
    return start + "; there are \(known.prefix(20).joined(separator: ", "))\(known.count > 20 ? ", …" : "")"
  }

  /// How many letters must be put in, left out, replaced or swapped with their neighbour.
  private static func distance(_ left: String, _ right: String) -> Int {
    let (a, b) = (Array(left.utf8.prefix(64)), Array(right.utf8.prefix(64)))
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(rows[i][j + 1], row[j]) + 1
        best = min(best, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
