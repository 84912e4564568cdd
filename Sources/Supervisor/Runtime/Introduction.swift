import Config
import Lifecycle
import Model
import NIOCore
import Platform
import Wire

/// What a person who started the daemon by hand sees.
extension Supervisor {
  /// Returns once everything that should run has been tried, or after that time.
  public func settled(seconds: Int) async {
    let promise = loop.makePromise(of: Void.self)
    let timer = loop.scheduleTask(in: .seconds(Int64(seconds))) { promise.succeed() }
    waiters.append(promise)
    wakeSettled()
    try? await promise.futureResult.get()
    timer.cancel()
  }

  func wakeSettled() {
    guard !waiters.isEmpty, gatewayLink.isUp || gateway?.lifecycle.state == .backoff || phase == .stopping,
      strategies.allSatisfy({ $0.isSettled || !gatewayLink.isUp })
    else { return }
    for waiter in waiters { waiter.succeed() }
    waiters = []
  }

  /// What is running, where the control socket is, and what to type next.
  public func introduction() -> [String] {
    guard phase != .stopping else { return [] }
    var lines = ["rbotd \(Version.text): \(summaryLine())", ""]
    let width = (strategies.map(\.name.count).max() ?? 0) + 2
    for worker in strategies {
      let state = worker.lifecycle.state.rawValue
      let detail = worker.troubleInFull ?? worker.process.map { "pid \($0.pid)" } ?? ""
      lines.append("  \(padded(worker.name, width))\(padded(state, 10))\(detail)")
    }
    for issue in manifestIssues {
      lines.append("  \(issue.path)\(issue.line.map { ":\($0)" } ?? ""): \(issue.message)")
    }
    lines.append("")
    let feed = gatewayLink.about["feed"]
    if let spec = feed?["spec"]?.stringValue {
      let note = feed?["synthetic"] == true ? "   SYNTHETIC DATA: these are no market prices" : ""
      lines.append("  feed     \(spec)\(note)")
    }
    if let listen = gatewayLink.about["listen"]?.stringValue {
      lines.append("  http     \(options.settings.gateway.tls == nil ? "http" : "https")://\(listen)/health")
    }
    for note in rehearsalNotes { lines.append("  clock    \(note)") }
    lines.append("  control  \(options.layout.controlSocket)")
    lines.append("")
    let client = Self.client + (options.home.map { " --home \(Self.quoted($0))" } ?? "")
    lines.append("  next     \(client) status --watch")
    if let first = strategies.first?.name { lines.append("           \(client) logs \(first) -f") }
    if gatewayLink.about["users"]?.boolValue == false {
      lines.append("           \(client) user add EMAIL --role admin   (the first user, to trade over HTTP)")
    }
    lines.append("           Ctrl-C stops everything")
    return lines
  }

  /// `rbotctl` as a shell finds it: by its path, unless it is where every shell looks.
  private static var client: String {
    guard let path = Executable.sibling("rbotctl") else { return "rbotctl" }
    return path.hasPrefix("/usr/") && path.hasSuffix("/bin/rbotctl") ? "rbotctl" : quoted(path)
  }

  /// As a shell reads it back.
  private static func quoted(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: ":"):
        true
      default: false
      }
    }
    return isPlain
      ? path
      : "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
