import Glibc

/// The file that this process runs, and the ones that were installed with it.
public enum Executable {
  /// The path of this program's file.
  public static var path: String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.bindMemory(to: CChar.self).baseAddress.map { readlink("/proc/self/exe", $0, bytes.count) } ?? 0
    }
    return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
  }

  /// Another of rbotd's programs: beside this one (a build folder), or in `../libexec/rbotd` (installed).
  ///
  /// - Returns: its path, nil where it is in neither place.
  public static func sibling(_ name: String) -> String? {
    candidates(name).first { access($0, X_OK) == 0 }
  }

  /// Where ``sibling(_:)`` looks, in order; for an error that says so.
  public static func candidates(_ name: String) -> [String] {
    let folder = path.split(separator: "/").dropLast()
    let prefix = folder.dropLast()
    return [folder + [Substring(name)], prefix + ["libexec", "rbotd", Substring(name)]]
      .map { "/" + $0.joined(separator: "/") }
  }
}
