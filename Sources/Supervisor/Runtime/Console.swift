import Glibc
import Model
import Platform
import SupervisorStore
import Synchronization

/// What a person at the terminal, or the journal of the system, hears: rbotd's own lines, and whatever goes wrong.
///
/// A terminal that is stopped must not stop the daemon, so lines are written by a thread of their own, and a reader
/// that takes none costs lines, which are counted.
final class Console: Sendable {
  private static let linesMax = 1_000

  private struct State {
    var waiting = 0
    var dropped = 0
  }

  private let thread = WorkThreads(named: "console", atOnce: 1...1)
  private let state = Mutex(State())

  func say(_ source: String, _ severity: Severity, _ message: String) {
    let hasRoom = state.withLock { state in
      guard state.waiting < Self.linesMax else {
        state.dropped += 1
        return false
      }
      state.waiting += 1
      return true
    }
    guard hasRoom else { return }
    let time = WallClock.now.description.dropFirst(11).prefix(8)
    let name = source == "rbotd" ? "" : "\(source): "
    let line = "\(time) \(severity) \(name)\(Self.printable(message))\n"
    thread.run { self.write(line) }
  }

  private func write(_ line: String) {
    let dropped = state.withLock { state in
      state.waiting -= 1
      defer { state.dropped = 0 }
      return state.dropped
    }
    var text = dropped > 0 ? "(\(dropped) lines were not shown)\n" + line : line
    text.withUTF8 { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = Glibc.write(STDERR_FILENO, bytes.baseAddress.map { $0 + sent }, bytes.count - sent)
        guard count > 0 || errno == EINTR else { return }
        sent += max(0, count)
      }
    }
  }

  /// Nothing that a process says may drive the terminal.
  private static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "�" : $0 }))
  }
}
