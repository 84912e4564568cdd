import Config
import GatewayService
import Glibc

/// The command line of `rbot-gateway`.
struct Arguments {
  static let usage =
    "usage: rbot-gateway --home DIR [--config FILE] [--feed SPEC] [--listen ADDRESS] [--socket PATH]"

  private var values: [String: String] = [:]

  init(_ words: [String]) throws(GatewayFailure) {
    var words = words[...]
    while let word = words.popFirst() {
      guard ["--home", "--config", "--feed", "--listen", "--socket"].contains(word),
        let value = words.popFirst()
      else { throw GatewayFailure("usage", Self.usage, exitCode: 2) }
      values[word] = value
    }
  }

  /// The settings of the file, and what the command line says instead.
  func configuration() throws(GatewayFailure) -> GatewayConfiguration {
    guard let home = values["--home"] else { throw GatewayFailure("usage", Self.usage, exitCode: 2) }
    var configuration = GatewayConfiguration(home: home, settings: try settings())
    if let path = values["--config"] {
      configuration.calendarFolder = configuration.settings.calendarFolder(beside: path)
    }
    if let feed = values["--feed"] { configuration.feed = feed }
    if let word = getenv("ENABLE_MOCK") {
      configuration.mockEvents = ["true", "1"].contains(String(cString: word))
    }
    configuration.socketPath = values["--socket"]
    configuration.executionWord = getenv("EXECUTION_ENABLED").map { String(cString: $0) }
    if let text = values["--listen"] {
      guard let address = ListenAddress(text) else {
        throw GatewayFailure(
          "usage", "--listen takes an address such as 127.0.0.1:8787, not \(text).", exitCode: 2)
      }
      configuration.listen = address
    }
    return configuration
  }

  /// The defaults where there is no file.
  private func settings() throws(GatewayFailure) -> DaemonSettings {
    guard let path = values["--config"], FileCheck.exists(path) else { return DaemonSettings() }
    do {
      return try DaemonSettings(path: path)
    } catch {
      throw GatewayFailure("config", "\(error)")
    }
  }
}
