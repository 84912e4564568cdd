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
      let detail = worker.lifecycle.trouble ?? worker.process.map { "pid \($0.pid)" } ?? ""
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
      lines.append("  http     http://\(listen)/health")
    }
    lines.append("  control  \(options.layout.controlSocket)")
    lines.append("")
    let client = options.home.map { "rbotctl --home \($0)" } ?? "rbotctl"
    lines.append("  next     \(client) status --watch")
    if let first = strategies.first?.name { lines.append("           \(client) logs \(first) -f") }
    lines.append("           Ctrl-C stops everything")
    return lines
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
