import Model
import Synchronization
import Wire

@testable import Commands

/// Keeps what a command writes.
final class Capture: Output {
  private let state = Mutex((written: "", complained: ""))
  /// After so many bytes the reader is gone.
  private let bytesMax: Int

  init(bytesMax: Int = .max) { self.bytesMax = bytesMax }

  var written: String { state.withLock { $0.written } }
  var complained: String { state.withLock { $0.complained } }
  var lines: [Substring] { written.split(separator: "\n") }

  func write(_ text: String) throws(OutputError) {
    let isFull = state.withLock { state in
      state.written += text
      return state.written.utf8.count > bytesMax
    }
    if isFull { throw .readerGone }
  }

  func complain(_ text: String) { state.withLock { $0.complained += text } }
}

extension Page {
  /// 2026-11-21T12:00:00Z, in a zone an hour ahead.
  static func test(columns: Int? = nil, isColoured: Bool = false) -> Page {
    Page(
      size: columns.map { Size(columns: $0, rows: 24) }, isColoured: isColoured,
      now: Timestamp("2026-11-21T12:00:00Z") ?? Timestamp(nanoseconds: 0), localOffset: { _ in 3_600 })
  }
}

/// Runs a command as a person would, with everything it writes kept.
func rbotctl(
  _ arguments: String..., environment: [String: String] = [:], output: Capture = Capture(),
  columns: Int? = nil
) async -> (status: ExitStatus, output: Capture) {
  let surroundings = Surroundings(
    environment: environment, user: 1_000, output: output, page: { .test(columns: columns) },
    untilInterrupted: { _ in })
  return (await Program.run(arguments, in: surroundings), output)
}

/// What a daemon with three strategies says.
enum Sample {
  static let status: JSON = [
    "supervisor": ["pid": 1, "version": "0.1.0", "uptime_s": .double(192.5), "state": "ready"],
    "gateway": [
      "state": "ready", "pid": 2, "restarts": 0, "feed": "synthetic", "mode": "paper",
      "listen": "127.0.0.1:8787",
      "feed_detail": ["kind": "synthetic", "spec": "synthetic:1", "synthetic": true, "state": "live"],
    ],
    "strategies": [
      strategy("ema-cross", "ready", units: "1000", realised: "1.20", unrealised: "-0.35"),
      strategy("grid-bot", "paused", units: "-2500", realised: "0", unrealised: "12.5"), stopped,
    ], "errors": [],
  ]

  static func strategy(
    _ name: String, _ state: String, units: String, realised: String, unrealised: String
  ) -> JSON {
    [
      "name": .string(name), "state": .string(state), "pid": 31, "generation": 1, "restarts": 0,
      "paused": .bool(state == "paused"), "since": "2026-11-21T11:57:00Z", "last_exit": nil, "orders": 4,
      "fills": 3,
      "position": [["instrument": "EUR_USD", "units": .string(units)]],
      "pnl": ["realised": .string(realised), "unrealised": .string(unrealised)],
      "status": "waiting for 20 candles of EUR_USD before the first decision",
    ]
  }

  static let stopped: JSON = [
    "name": "momentum-sniper", "state": "failed", "pid": nil, "generation": 6, "restarts": 5, "paused": false,
    "since": "2026-11-21T09:30:00Z", "reason": "exited with code 3 before it was ready",
    "last_exit": ["code": 3, "signal": nil, "reason": "exited with code 3"], "orders": 0, "position": [],
    "pnl": nil,
  ]
}
