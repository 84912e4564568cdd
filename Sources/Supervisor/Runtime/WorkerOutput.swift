import Lifecycle
import Model
import NIOCore
import SupervisorStore

/// The reading end of a process's standard output or error.
final class OutputPipe: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let supervisor: Supervisor
  private let output: NIOLoopBound<WorkerOutput>

  init(_ supervisor: Supervisor, _ name: String, run: Int64, _ stream: LogStream) {
    self.supervisor = supervisor
    output = NIOLoopBound(WorkerOutput(name, run: run, stream), eventLoop: supervisor.loop)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    let output = output
    supervisor.assumeIsolated { $0.take(bytes, from: output.value) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    let output = output
    supervisor.assumeIsolated { $0.take(nil, from: output.value) }
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// One stream of one process, on its way into lines; the supervisor's own.
final class WorkerOutput {
  fileprivate let name: String
  fileprivate let run: Int64
  fileprivate let stream: LogStream
  fileprivate var source: LogSource?
  fileprivate var splitter = LineSplitter()
  /// The last line of standard error of what was read last.
  fileprivate var complaint = ""

  init(_ name: String, run: Int64, _ stream: LogStream) {
    self.name = name
    self.run = run
    self.stream = stream
  }
}

/// What is kept of it.
extension Supervisor {
  /// What was read from a pipe; nil at its end.
  func take(_ bytes: ByteBuffer?, from output: WorkerOutput) {
    let source = output.source ?? logs.source(output.name)
    output.source = source
    let severity: Severity = output.stream == .stderr ? .warning : .info
    // One look at the clock for all that was read at once.
    let time = WallClock.now
    // What the gateway complains of is for the console as well.
    let isForConsole = output.name == Worker.gatewayName && output.stream == .stderr
    let before = source.taken
    output.complaint = ""
    func say(_ line: UnsafeRawBufferPointer) {
      if isForConsole { console.say(output.name, severity, String(decoding: line, as: UTF8.self)) }
      logs.append(source, run: output.run, output.stream, severity, printed: line, time: time)
      if output.stream == .stderr, !line.isEmpty {
        output.complaint = String(decoding: line.prefix(Self.complaintBytes), as: UTF8.self)
      }
    }
    if let bytes {
      bytes.withUnsafeReadableBytes { bytes in
        if takesOutput(of: output.name, bytes) {
          output.splitter.split(bytes, say)
        } else {
          // A flood is thrown away in whole reads: counting its line feeds is all that it costs.
          output.splitter.skip(bytes, say)
        }
      }
    } else {
      output.splitter.finish(say)
    }
    if let worker = workers[output.name] {
      worker.lines += source.taken - before
      if !output.complaint.isEmpty, output.run == worker.run?.id ?? worker.lastExit?.id {
        worker.lastErrorLine = output.complaint
        // It came after the end that it explains, and belongs to what the next daemon knows of that.
        if worker.lifecycle.state == .failed { save(worker) }
      }
    }
    armLogs()
  }

  /// What is remembered of the last line of standard error: why a worker failed often stands there.
  private static let complaintBytes = 1_024

  /// Whether output is kept; called for every read of a pipe.
  private func takesOutput(of name: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let worker = workers[name] else { return true }
    if admits(bytes.count, worker) { return true }
    worker.limit.drop(max(1, bytes.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) }))
    noticeDrops(of: name)
    return false
  }

  /// Whether a structured line is kept.
  func admit(_ bytes: Int, _ worker: Worker) -> Bool {
    if admits(bytes, worker) { return true }
    worker.limit.drop(1)
    noticeDrops(of: worker.name)
    return false
  }

  private func admits(_ bytes: Int, _ worker: Worker) -> Bool {
    let now = Moment.now
    return worker.limit.admit(bytes, now: now) && outputLimit.admit(bytes, from: worker.name, now: now)
  }

  /// Says a second later how many lines were dropped, once for all of them.
  private func noticeDrops(of name: String) {
    guard dropNotices.insert(name).inserted else { return }
    loop.assumeIsolated().scheduleTask(in: .seconds(1)) { [self] in
      assumeIsolated { supervisor in
        supervisor.dropNotices.remove(name)
        guard let worker = supervisor.workers[name] else { return }
        let lines = worker.limit.takeDropped()
        if lines > 0 {
          supervisor.log(
            name, run: worker.run?.id, .supervisor, .warning, "\(lines) lines dropped: above its output limit"
          )
        }
      }
    }
  }
}
