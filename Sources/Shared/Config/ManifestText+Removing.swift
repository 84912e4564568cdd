extension ManifestText {
  /// Takes a table and those inside of it out, whether it has headers of its own or stands on one line.
  ///
  /// - Throws: ``CannotSet`` when the result would say anything else besides; the text is then as before.
  public mutating func remove(table name: String) throws(CannotSet) {
    var root = document.root
    guard root.removeValue(forKey: name) != nil else { return }
    var kept: [Substring] = []
    var isInside = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let words = line.drop { $0 == " " || $0 == "\t" }
      if words.hasPrefix("[") {
        isInside = Self.first(words.drop { "[ \t".contains($0) }) == name
      } else if !isInside, Self.first(words) == name, words.contains("=") {
        continue
      }
      if !isInside { kept.append(line) }
    }
    let changed = kept.joined(separator: "\n")
    guard let now = try? Document(path: path, text: changed), now.root == root else {
      throw CannotSet(key: name)
    }
    text = changed
    document = now
  }

  /// The first part of a dotted key.
  private static func first(_ words: Substring) -> String {
    words.prefix { !" \t=.]\r".contains($0) }.filter { $0 != "\"" && $0 != "'" }
  }
}
