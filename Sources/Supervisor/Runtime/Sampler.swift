import Lifecycle
import Platform
import SupervisorStore
import Synchronization

/// What the loop knows of a process when a round of sampling begins.
struct SampleSubject: Sendable {
  let name: String
  /// Nil: it has no process.
  let process: ProcessIdentity?
  /// The limit of its memory where the kernel holds only each of its processes to it.
  var memoryMax: UInt64?
  let restarts: Int
  /// Milliseconds since its last heartbeat.
  let beatAge: Int64?
  /// Counters that only rise.
  let lines: Int
  let messages: Int
  let refusals: Int

  struct ProcessIdentity: Equatable, Sendable {
    let pid: Int32
    let startTicks: UInt64
    /// Whether what descends from it counts too.
    var isTree = true
  }
}

/// The last figures of a process.
struct ProcessFigures: Equatable, Sendable {
  let pid: Int32
  var statistics: ProcessStatistics
  /// Of one processor; nil before the second reading.
  var cpuPercent: Double?
  var linesPerSecond: Double
  var messagesPerSecond: Double
}

/// Reads what processes use, on a thread of its own: whoever asks gets the last reading, and the loop never
/// waits for `/proc`. The readings become history as well.
///
/// A process whose processor time has not moved is read less and less often, at last every `restMax` rounds, so
/// that hundreds of idle ones cost next to nothing. Messages beyond its heartbeats wake the interest again.
final class Sampler: Sendable {
  /// Rounds that an idle process is left alone.
  private static let restMax = 5
  /// More messages than that in a second are no mere heartbeats.
  private static let busyMessages = 2.0

  private struct Follower {
    var probe: ProcessProbe
    var history: ProcessHistory
    var read: (statistics: ProcessStatistics, at: Moment)?
    var counted: (lines: Int, messages: Int, at: Moment)
    var quiet = 0
    var rest = 0
    var figures: ProcessFigures?
  }

  private let thread = WorkThreads(named: "sampler", atOnce: 1...1)
  private let store: SupervisorStore
  /// Only the thread takes this for longer than a moment.
  private let followers = Mutex<[String: Follower]>([:])
  private let shown = Mutex<[String: ProcessFigures]>([:])
  /// Those that no round has read yet and that are being read, since somebody asked for them.
  private let asked = Mutex<Set<Int32>>([])
  private let isBusy = Atomic(false)
  private let memory = Mutex(MemoryWatch())
  private let excesses = Mutex<[MemoryWatch.Excess]>([])

  init(store: SupervisorStore) { self.store = store }

  /// The last figures of the process with that pid.
  func figures(of name: String, pid: Int32) -> ProcessFigures? {
    shown.withLock { $0[name] }.flatMap { $0.pid == pid ? $0 : nil }
  }

  /// Reads what a process uses that no round has read yet, soon.
  func look(at name: String, pid: Int32, startTicks: UInt64) {
    guard asked.withLock({ $0.insert(pid).inserted }) else { return }
    thread.run { [self] in
      let statistics = ProcessStatistics.read(pid: pid, startTicks: startTicks)
      if let statistics {
        shown.withLock { shown in
          guard shown[name]?.pid != pid else { return }
          shown[name] = ProcessFigures(
            pid: pid, statistics: statistics, cpuPercent: nil, linesPerSecond: 0, messagesPerSecond: 0)
        }
      }
      asked.withLock { _ = $0.remove(pid) }
    }
  }

  /// Whether a round still runs.
  var isAtWork: Bool { isBusy.load(ordering: .acquiring) }

  /// Begins a round, unless the last one still runs: then this one is left out.
  ///
  /// - Parameter time: the wall clock's seconds.
  func round(_ subjects: [SampleSubject], now: Moment, time: Int64) {
    guard !isBusy.exchange(true, ordering: .acquiring) else { return }
    thread.run { [self] in
      followers.withLock { followers in
        var rows: [MetricRow] = []
        let names = Set(subjects.lazy.filter { $0.process != nil }.map(\.name))
        for name in followers.keys where !names.contains(name) {
          guard var gone = followers.removeValue(forKey: name) else { continue }
          rows += gone.history.finish()
          memory.withLock { $0.forget(name) }
        }
        for subject in subjects {
          Self.sample(subject, &followers, now, time, &rows)
          hold(subject, followers[subject.name]?.figures)
        }
        let figures = followers.compactMapValues(\.figures)
        shown.withLock { $0 = figures }
        if !rows.isEmpty { store.append(rows) }
      }
      isBusy.store(false, ordering: .releasing)
    }
  }

  /// Those that were found beyond their memory since the last call.
  func takeExcesses() -> [MemoryWatch.Excess] {
    excesses.withLock { found in
      defer { found = [] }
      return found
    }
  }

  /// Looks at those that are near the limit of their memory.
  func lookAtNear() {
    let near = memory.withLock { $0.near }
    guard !near.isEmpty, !isBusy.exchange(true, ordering: .acquiring) else { return }
    thread.run { [self] in
      for (name, tree) in near {
        let (pid, ticks) = (tree.process.pid, tree.process.startTicks)
        let resident = TreeHoldings.residentBytes(pid: pid, startTicks: ticks)
        if resident ?? 0 > tree.limit { decide(name, tree.process, tree.limit) }
      }
      isBusy.store(false, ordering: .releasing)
    }
  }

  private func hold(_ subject: SampleSubject, _ figures: ProcessFigures?) {
    guard let process = subject.process, let figures, figures.pid == process.pid else { return }
    let isSuspect = memory.withLock {
      $0.isSuspect(
        subject.name, process, resident: figures.statistics.memoryBytes, limit: subject.memoryMax)
    }
    if isSuspect, let limit = subject.memoryMax { decide(subject.name, process, limit) }
  }

  /// The look that counts what is shared once.
  private func decide(_ name: String, _ process: SampleSubject.ProcessIdentity, _ limit: UInt64) {
    let began = MonotonicClock.milliseconds
    guard memory.withLock({ $0.mayLook(name, now: began) }) else { return }
    let bytes = TreeHoldings.memoryBytes(pid: process.pid, startTicks: process.startTicks)
    let now = MonotonicClock.milliseconds
    memory.withLock { $0.looked(name, took: now - began, now: now) }
    guard let bytes, bytes > limit else { return }
    excesses.withLock {
      $0.append(MemoryWatch.Excess(name: name, pid: process.pid, bytes: bytes, limit: limit))
    }
  }

  /// Waits for a round that runs, and puts what is open into the store; nothing may be asked after that.
  func finish() {
    followers.withLock { followers in
      let rows = followers.keys.flatMap { followers[$0]?.history.finish() ?? [] }
      if !rows.isEmpty { store.append(rows) }
    }
  }

  private static func sample(
    _ subject: SampleSubject, _ followers: inout [String: Follower], _ now: Moment, _ time: Int64,
    _ rows: inout [MetricRow]
  ) {
    guard let process = subject.process else { return }
    let known = followers[subject.name]
    var follower =
      known.flatMap { $0.probe.pid == process.pid ? $0 : nil }
      ?? Follower(
        probe: ProcessProbe(pid: process.pid, startTicks: process.startTicks, isTree: process.isTree),
        history: known?.history ?? ProcessHistory(source: subject.name),
        counted: (subject.lines, subject.messages, now))
    let seconds = max(0.001, Double((now - follower.counted.at).wholeNanoseconds) / 1e9)
    let lines = Double(max(0, subject.lines - follower.counted.lines)) / seconds
    let messages = Double(max(0, subject.messages - follower.counted.messages)) / seconds
    follower.counted = (subject.lines, subject.messages, now)
    // One that is held to its memory by these readings may have children that take it while it is idle itself.
    let isHeld = subject.memoryMax != nil
    if follower.rest > 0, !isHeld, lines == 0, messages <= busyMessages {
      follower.rest -= 1
      follower.figures?.linesPerSecond = lines
      follower.figures?.messagesPerSecond = messages
      followers[subject.name] = follower
      return
    }
    guard let statistics = follower.probe.read(looksAnew: isHeld) else {
      follower.figures = nil
      followers[subject.name] = follower
      return
    }
    let percent = follower.read.map { before in
      let passed = max(0.001, Double((now - before.at).wholeNanoseconds) / 1e9)
      return max(0, statistics.cpuSeconds - before.statistics.cpuSeconds) / passed * 100
    }
    follower.quiet = percent == 0 ? follower.quiet + 1 : 0
    follower.rest = min(follower.quiet, restMax)
    follower.read = (statistics, now)
    let figures = ProcessFigures(
      pid: process.pid, statistics: statistics, cpuPercent: percent, linesPerSecond: lines,
      messagesPerSecond: messages)
    follower.figures = figures
    follower.history.add(figures, subject, time, &rows)
    followers[subject.name] = follower
  }
}
