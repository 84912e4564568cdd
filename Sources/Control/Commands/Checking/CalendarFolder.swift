import Config
import NIOCore
import Platform
import Wire

extension Session {
  /// The folder of trading calendars that the daemon reads besides its own, or would read; nil where nobody knows.
  ///
  /// - Parameter status: the daemon's, which says where its settings are; without it they are looked for at home.
  func calendarFolder(_ status: JSON?) -> String? {
    guard let file = settingsFile(status) else { return nil }
    return ((try? DaemonSettings(path: file)) ?? DaemonSettings()).calendarFolder(beside: file)
  }

  /// The same, of a daemon that is asked first.
  func calendarFolder() async -> String? {
    calendarFolder(try? await ask("status", ["strategy": nil], timeout: .seconds(5)))
  }

  /// The daemon's settings, which may be missing.
  func settingsFile(_ status: JSON?) -> String? {
    if let file = status?["supervisor"]?["config"]?.stringValue { return file }
    let home = options.home ?? surroundings.environment["RBOT_HOME"]
    return try? HomeLayout(home: home, environment: surroundings.environment, user: surroundings.user)
      .settingsFile
  }
}
