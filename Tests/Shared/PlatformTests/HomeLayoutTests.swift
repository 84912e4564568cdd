import Glibc
import Platform
import Testing

@Suite struct HomeLayouts {
  @Test("A home holds everything; a service is spread as the file hierarchy asks")
  func places() throws {
    let home = try HomeLayout(home: "/srv/bots/", environment: ["RUNTIME_DIRECTORY": "/run/x"], user: 0)
    #expect(home.settingsFile == "/srv/bots/rbotd.toml" && home.controlSocket == "/srv/bots/run/control.sock")
    #expect(home.stateDirectory(of: "grid-bot") == "/srv/bots/state/grid-bot")
    let root = try HomeLayout(home: nil, environment: ["HOME": "/root"], user: 0)
    #expect(root.settingsFile == "/etc/rbotd/rbotd.toml" && root.lockFile == "/run/rbotd/rbotd.lock")
    #expect(root.supervisorDatabase == "/var/lib/rbotd/supervisor.sqlite")
    let unit = try HomeLayout(
      home: nil,
      environment: ["RUNTIME_DIRECTORY": "/run/a:/run/b", "STATE_DIRECTORY": "/var/lib/a"], user: 990)
    #expect(
      unit.gatewaySocket == "/run/a/gateway.sock" && unit.tradingDatabase == "/var/lib/a/trading.sqlite")
    #expect(unit.strategies == "/etc/rbotd/strategies")
    let person = try HomeLayout(home: nil, environment: ["HOME": "/home/ann"], user: 1000)
    #expect(person.state == "/home/ann/.local/state/rbotd")
    #expect(throws: HomeError.unknown) { try HomeLayout(home: nil, environment: [:], user: 1000) }
  }

  @Test("A relative home is made absolute")
  func relative() throws {
    let layout = try HomeLayout(home: "./.rbot", environment: [:], user: 1000)
    #expect(layout.state.hasPrefix("/") && layout.state.hasSuffix("/.rbot") && !layout.state.contains("/./"))
  }

  @Test("A socket path that the kernel would not take is refused by name, with what to do")
  func tooLong() throws {
    let fits = "/" + String(repeating: "x", count: 107 - "/run/control.sock".utf8.count - 1)
    _ = try HomeLayout(home: fits, environment: [:], user: 1)
    var refusal: HomeError?
    do { _ = try HomeLayout(home: fits + "x", environment: [:], user: 1) } catch { refusal = error }
    #expect(refusal == .socketPathTooLong(fits + "x/run/control.sock"))
    #expect(refusal?.description.contains("108 bytes") == true)
    #expect(refusal?.description.contains("shorter --home") == true)
  }

  @Test("The folders are made for us alone, twice without harm, and a file in the way is named")
  func folders() throws {
    let path = "/tmp/rbot-home-\(getpid())"
    defer { for part in ["/state", "/run", ""] { rmdir(path + part) } }
    let layout = try HomeLayout(home: path, environment: [:], user: 1000)
    try layout.makeDirectories()
    try layout.makeDirectories()
    var status = stat()
    #expect(stat(layout.runtime, &status) == 0 && status.st_mode & 0o777 == 0o700)
    #expect(throws: SystemError("use /etc/passwd", code: ENOTDIR)) {
      try HomeLayout.makeDirectory("/etc/passwd")
    }
  }
}
