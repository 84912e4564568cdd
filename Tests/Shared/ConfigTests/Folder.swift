import Foundation

/// A folder that a test fills with files and that is gone afterwards.
final class Folder {
  let path = NSTemporaryDirectory() + "rbot-config-" + UUID().uuidString

  /// Writes a file and the folders above it.
  @discardableResult
  func put(_ name: String, _ text: String) throws -> String {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    return path + "/" + name
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
