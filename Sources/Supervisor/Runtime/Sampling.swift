import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// How the supervisor measures its processes and itself, and what it says of them.
extension Supervisor {
  private static let sampleEvery = TimeAmount.seconds(2)
  private static let ownName = "rbotd"

  func startSampling() {
    sampling = loop.scheduleRepeatedTask(initialDelay: .milliseconds(500), delay: Self.sampleEvery) {
      [self] _ in
      assumeIsolated { $0.sample() }
    }
    let watching = TimeAmount.nanoseconds(MemoryWatch.every.wholeNanoseconds)
    memoryRounds = loop.scheduleRepeatedTask(initialDelay: watching, delay: watching) { [self] _ in
      assumeIsolated { $0.watchMemory() }
    }
  }

  private func sample() {
    let now = Moment.now
    let wall = WallClock.now
    var subjects: [SampleSubject] = []
    subjects.reserveCapacity(workers.count + 1)
    subjects.append(
      SampleSubject(
        name: Self.ownName,
        // The workers are its descendants, and counted by themselves.
        process: .init(pid: ownProcess.pid, startTicks: ownProcess.startTicks, isTree: false),
        restarts: 0, beatAge: nil, lines: 0, messages: 0, refusals: 0))
    for worker in workers.values {
      subjects.append(
        SampleSubject(
          name: worker.name,
          process: worker.process.map { .init(pid: $0.pid, startTicks: $0.startTicks) },
          memoryMax: worker.isGateway ? nil : memoryLimit(of: worker),
          restarts: worker.lifecycle.restarts,
          beatAge: worker.lifecycle.lastBeat.map { (now - $0).wholeNanoseconds / 1_000_000 },
          lines: worker.lines, messages: worker.messages, refusals: worker.refused))
    }
    sampler.round(subjects, now: now, time: wall.nanoseconds / 1_000_000_000)
    metrics.flush(now: wall)
  }

  /// The end of the daemon: what is open goes to the store.
  func finishSampling() {
    sampling?.cancel()
    memoryRounds?.cancel()
    metrics.flush(now: WallClock.now, isEnd: true)
    sampler.finish()
  }

  /// What the process of a worker takes, by the last reading.
  func usage(of worker: Worker) -> JSONObject {
    guard let process = worker.process else { return Self.usage(nil, nil) }
    let figures = sampler.figures(of: worker.name, pid: process.pid)
    // One that has just started has none yet, and has them a moment after somebody asked.
    if figures == nil { sampler.look(at: worker.name, pid: process.pid, startTicks: process.startTicks) }
    return Self.usage(figures, figures?.statistics)
  }

  /// The same of rbotd.
  func ownUsage() -> JSONObject {
    let figures = sampler.figures(of: Self.ownName, pid: ownProcess.pid)
    return Self.usage(figures, figures?.statistics ?? ProcessStatistics.readOwn())
  }

  private static func usage(_ figures: ProcessFigures?, _ statistics: ProcessStatistics?) -> JSONObject {
    var part = JSONObject()
    part["cpu_s"] = statistics.map { .double($0.cpuSeconds) } ?? .null
    part["cpu_percent"] = figures?.cpuPercent.map { .double(tenths($0)) } ?? .null
    part["memory_bytes"] = JSON(statistics?.memoryBytes)
    part["fds"] = JSON(statistics?.files)
    part["threads"] = JSON(statistics?.threads)
    part["processes"] = JSON(statistics?.processes)
    part["log_lines_per_s"] = figures.map { .double(tenths($0.linesPerSecond)) } ?? .null
    part["messages_per_s"] = figures.map { .double(tenths($0.messagesPerSecond)) } ?? .null
    return part
  }

  private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
