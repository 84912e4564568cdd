import Config
import Glibc
import NIOCore
import Platform
import Wire

/// The folder of strategies that is meant, and what is known of the daemon that uses it.
struct StrategiesFolder: Sendable {
  let path: String
  /// The daemon's settings as far as they can be read.
  let python: String
  /// The daemon's status; nil where none answers.
  let status: JSON?

  /// As said, else as the daemon says, else `./strategies`, else where a daemon of this home would look.
  static func find(_ given: String?, _ session: Session) async -> StrategiesFolder? {
    let status = try? await session.ask("status", ["strategy": nil], timeout: .seconds(5))
    let said = status?["supervisor"]?.text("strategies_folder")
    let home = session.options.home ?? session.surroundings.environment["RBOT_HOME"]
    let layout = try? HomeLayout(
      home: home, environment: session.surroundings.environment, user: session.surroundings.user)
    let file = session.settingsFile(status)
    let settings = file.flatMap { try? DaemonSettings(path: $0) }
    let usual =
      settings?.supervisor.strategies.map { $0.hasPrefix("/") ? $0 : Path.folder(file ?? "") + "/" + $0 }
      ?? layout?.strategies
    let local = home == nil && holdsStrategies("strategies") ? "strategies" : nil
    guard let path = given ?? (said?.isEmpty == false ? said : nil) ?? local ?? usual else { return nil }
    return StrategiesFolder(path: path, python: settings?.supervisor.python ?? "python3", status: status)
  }

  private static func holdsStrategies(_ folder: String) -> Bool {
    (Path.names(in: folder) ?? []).contains { Path.kind("\(folder)/\($0)/strategy.toml") == .file }
  }

  /// The instruments of the gateway's feed; nil while it does not say.
  var instruments: Set<String>? {
    guard let list = status?["gateway"]?["feed_detail"]?["instruments"]?.arrayValue else { return nil }
    return Set(list.compactMap(\.stringValue))
  }
}
