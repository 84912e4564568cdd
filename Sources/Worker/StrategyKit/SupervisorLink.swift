import Glibc
import IPC
import Model
import NIOCore
import NIOPosix
import Synchronization
import Wire

/// The channel to the supervisor: logs, metrics and heartbeats out, commands in.
///
/// It has a thread of its own, so that heartbeats go on while the strategy computes. Whoever logs only appends to a
/// bounded buffer.
final class SupervisorLink: Sendable {
  static let shared = SupervisorLink()

  /// Bytes of logs and metrics that may wait; what comes beyond is dropped and counted.
  private static let bufferBytesMax = 1 << 20

  private static let messageBytesMax = 65_536

  private struct State {
    var buffer = ByteBuffer()
    var dropped = 0
    var isFlushScheduled = false
    var progress: Int64 = 0
    /// The callback that runs, and since when.
    var callback: (name: String, since: NIODeadline)?
    var connection: Connection?
  }

  private let loop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
  private let state = Mutex(State())

  /// Connects over the inherited descriptor and says hello.
  func connect(fd: CInt, onMessage: @escaping @Sendable (Frame) -> Void) async throws -> JSON {
    let handler = Handler(onMessage: onMessage)
    let connection = try await Connection.adopt(fd: fd, on: loop, handler: handler).get()
    let hello = Hello(software: "StrategyKit/\(Version.text)", pid: Int(getpid())).params
    let answer = try await loop.flatSubmit { connection.request("hello", hello) }.get()
    state.withLock { $0.connection = connection }
    loop.execute { self.flush() }
    let interval = max(100, (answer["heartbeat_ms"]?.intValue ?? 5000) / 2)
    loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(Int64(interval))) { _ in
      self.beat(connection)
    }
    return answer
  }

  private struct Handler: ConnectionHandler {
    let onMessage: @Sendable (Frame) -> Void

    func received(_ frame: Frame, on connection: Connection) {
      if case .request(let id) = frame.kind {
        connection.reply(to: id, error: .unknownMethod(frame.method))
      } else {
        onMessage(frame)
      }
    }

    func drained(_ connection: Connection) { SupervisorLink.shared.flush() }

    func closed(_ connection: Connection, reason: CloseReason) {
      // Without its supervisor a worker must not trade on: the kernel is about to kill it anyway.
      exit(1)
    }
  }

  private func beat(_ connection: Connection) {
    let (progress, callback) = state.withLock { ($0.progress, $0.callback) }
    guard let callback else {
      return connection.send(notification: "heartbeat", ["progress": .int(progress)])
    }
    let busy = max(0, (NIODeadline.now() - callback.since).nanoseconds / 1_000_000)
    connection.send(
      notification: "heartbeat",
      ["progress": .int(progress), "busy_ms": .int(busy), "callback": .string(callback.name)])
  }

  /// Says that the strategy's own loop moved on, and which callback it is about to call, if any.
  func advance(to callback: String?) {
    state.withLock {
      $0.progress += 1
      $0.callback = callback.map { ($0, .now()) }
    }
  }

  /// The callback has returned.
  func returned() { state.withLock { $0.callback = nil } }

  func notify(_ method: String, _ params: JSON = [:]) {
    append { $0.writeNotification(method, params) }
  }

  func status(_ text: String) { notify("status", ["text": .string(text)]) }

  func log(_ level: LogLevel, _ message: String, _ fields: [String: String] = [:]) {
    // A line must fit a message; nobody reads more of it anyway.
    let cut = message.utf8.count > Self.messageBytesMax
    let text =
      cut ? String(decoding: message.utf8.prefix(Self.messageBytesMax), as: UTF8.self) + "…" : message
    let record = LogRecord(level: level, message: text, fieldsJSON: Self.json(fields), time: .now)
    append { $0.writeLog(record) }
  }

  func metric(_ name: String, _ value: Double, _ labels: [String: String]) {
    let sample = MetricSample(name: name, value: value, labelsJSON: Self.json(labels), time: .now)
    append { $0.writeMetric(sample) }
  }

  private static func json(_ fields: [String: String]) -> String? {
    guard !fields.isEmpty else { return nil }
    var object = JSONObject()
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) { object[key] = .string(value) }
    return JSON.object(object).description
  }

  private func append(_ write: (inout ByteBuffer) -> Void) {
    let mustSchedule = state.withLock { state in
      guard state.buffer.readableBytes < Self.bufferBytesMax else {
        state.dropped += 1
        return false
      }
      write(&state.buffer)
      guard !state.isFlushScheduled else { return false }
      state.isFlushScheduled = true
      return true
    }
    if mustSchedule { loop.execute { self.flush() } }
  }

  private func flush() {
    let connection = state.withLock { $0.connection }
    // Without a connection, or while the supervisor lags, the lines stay here, within the bound: `drained` and
    // `connect` come back to them.
    guard let connection, connection.takesThinnable else { return }
    let (lines, dropped) = state.withLock { state in
      defer {
        state.buffer = ByteBuffer()
        state.dropped = 0
        state.isFlushScheduled = false
      }
      return (state.buffer, state.dropped)
    }
    connection.send(encoded: lines)
    guard dropped > 0 else { return }
    let record = LogRecord(
      level: .warning,
      message: "\(dropped) log lines or metrics dropped: the strategy says more than is taken",
      time: .now)
    connection.send { $0.writeLog(record) }
  }

  /// Waits until everything said so far has been handed to the kernel; at the end of the process at most two
  /// seconds, since a supervisor that takes nothing must not keep it.
  func drain(atMost limit: TimeAmount? = nil) async {
    let done = loop.makePromise(of: Void.self)
    loop.execute { self.drain(into: done) }
    if let limit { loop.scheduleTask(in: limit) { done.succeed() } }
    try? await done.futureResult.get()
  }

  private func drain(into done: EventLoopPromise<Void>) {
    flush()
    guard let connection = state.withLock({ $0.connection }) else {
      done.succeed()
      return
    }
    connection.whenFlushed().assumeIsolated().whenComplete { _ in
      if self.state.withLock({ $0.buffer.readableBytes == 0 }) {
        done.succeed()
      } else {
        self.drain(into: done)
      }
    }
  }
}
