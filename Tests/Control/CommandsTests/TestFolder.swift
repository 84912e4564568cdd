import Foundation

/// A folder that a test fills with files and that is gone afterwards.
final class TestFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "rbotctl-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Writes a file and the folders above it.
  @discardableResult
  func put(_ name: String, _ text: String, mode: Int = 0o644) throws -> String {
    let file = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    return file.path
  }

  func text(_ name: String) throws -> String {
    try String(contentsOf: URL(fileURLWithPath: path).appendingPathComponent(name), encoding: .utf8)
  }

  func mode(_ name: String) throws -> Int {
    let all = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
    return all[.posixPermissions] as? Int ?? 0
  }

  /// All that is in it, hidden names too.
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
