import Glibc

/// The time zones that this system knows, as compiled files (`/usr/share/zoneinfo`).
public enum ZoneDirectory {
  /// Where they are looked for: `$TZDIR` first.
  private static var folders: [String] {
    let given = getenv("TZDIR").map { String(cString: $0) }
    return [given, "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"].compactMap { $0 }
  }

  /// The bytes of a zone; nil where there is none of that name.
  ///
  /// - Parameter name: an IANA name such as `America/New_York`.
  public static func read(_ name: String) -> [UInt8]? {
    guard isName(name) else { return nil }
    for folder in folders {
      if let bytes = readFile("\(folder)/\(name)"), bytes.starts(with: "TZif".utf8) { return bytes }
    }
    return nil
  }

  /// All names, sorted; for telling somebody which one he may have meant.
  public static func names() -> [String] {
    guard let folder = folders.first(where: { access("\($0)/UTC", R_OK) == 0 }) else { return [] }
    var found: [String] = []
    collect(folder, "", &found)
    return found.sorted()
  }

  /// Nothing that leaves the folder.
  private static func isName(_ name: String) -> Bool {
    name.utf8.count <= 64
      && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty && !part.hasPrefix(".")
          && part.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || "+-_".utf8.contains($0) }
      }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }

  private static func collect(_ folder: String, _ prefix: String, _ found: inout [String]) {
    guard let stream = opendir("\(folder)/\(prefix)") else { return }
    defer { closedir(stream) }
    while let item = readdir(stream) {
      let name = withUnsafeBytes(of: item.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      // Zones begin with a capital; the rest are tables and copies of the same in another form.
      guard let first = name.utf8.first, (65...90).contains(first) else { continue }
      if item.pointee.d_type == UInt8(DT_DIR) {
        if prefix.split(separator: "/").count < 2 { collect(folder, "\(prefix)\(name)/", &found) }
      } else {
        found.append(prefix + name)
      }
    }
  }
}
