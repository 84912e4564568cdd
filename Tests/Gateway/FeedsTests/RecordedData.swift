import Foundation

/// The recordings that some tests play; they are no part of the repository.
enum RecordedData {
  private static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["RBOT_DATA"] { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../shared/data").standardizedFileURL
  }()

  /// Nil when the recordings are not on this machine.
  static func quotes(_ name: String) -> String? {
    let path = folder.appendingPathComponent("quotes").appendingPathComponent(name).path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  static let payrolls = quotes("eur_usd_quotes_oanda_20140502_nfp.csv")
  static let bitcoin = quotes("btc_usd_quotes_m1_coinbase_201709.csv")
  static let ether = quotes("eth_usd_quotes_m1_coinbase_201709.csv")
}

/// A file that is gone when the test is.
final class TemporaryFile {
  let path: String

  init(_ text: String) throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("feed-\(UUID().uuidString).csv").path
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
