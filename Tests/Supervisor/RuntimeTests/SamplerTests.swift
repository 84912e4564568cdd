import Glibc
import Lifecycle
import Platform
import SupervisorStore
import Testing

@testable import Runtime

/// Real readings of this very process; nothing here waits for time to pass.
@Suite("What processes use", .timeLimit(.minutes(1))) struct SamplerTests {
  private func subject(_ process: OwnProcess, ticks: UInt64 = 0, lines: Int, messages: Int) -> SampleSubject {
    SampleSubject(
      name: "bot",
      process: .init(pid: process.pid, startTicks: process.startTicks + ticks, isTree: false), restarts: 0,
      beatAge: nil, lines: lines, messages: messages, refusals: 0)
  }

  private func withSampler(_ body: (Sampler) async throws -> Void) async throws {
    var template = Array("/tmp/rbotd-sampler-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    let file = folder + "/supervisor.sqlite"
    let store = try SupervisorStore(path: file) { _ in }
    let sampler = Sampler(store: store)
    try await body(sampler)
    sampler.finish()
    await store.close()
    for ending in ["", "-wal", "-shm"] { unlink(file + ending) }
    rmdir(folder)
  }

  /// A round takes its turn in the sampler's queue; one that is begun before the last has ended is left out.
  private func round(_ sampler: Sampler, _ subjects: [SampleSubject], at second: Int64) async throws {
    sampler.round(subjects, now: Moment(nanoseconds: second * 1_000_000_000), time: second)
    while sampler.isAtWork { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test("The first reading has no share of the processor, the next one has, and rates are per second")
  func rates() async throws {
    let own = OwnProcess()
    try await withSampler { sampler in
      try await round(sampler, [subject(own, lines: 100, messages: 10)], at: 10)
      let first = try #require(sampler.figures(of: "bot", pid: own.pid))
      #expect(first.cpuPercent == nil && first.linesPerSecond == 0)
      #expect(first.statistics.memoryBytes > 1_000_000 && first.statistics.threads >= 1)
      try await round(sampler, [subject(own, lines: 300, messages: 50)], at: 14)
      let second = try #require(sampler.figures(of: "bot", pid: own.pid))
      #expect(second.linesPerSecond == 50 && second.messagesPerSecond == 10)
      #expect(second.cpuPercent.map { $0 >= 0 } == true)
    }
  }

  @Test("Another process with the same pid, and one that is gone, have no figures")
  func identity() async throws {
    let own = OwnProcess()
    try await withSampler { sampler in
      try await round(sampler, [subject(own, lines: 0, messages: 0)], at: 1)
      #expect(sampler.figures(of: "bot", pid: own.pid) != nil)
      #expect(sampler.figures(of: "bot", pid: own.pid + 1) == nil)
      try await round(sampler, [], at: 3)
      #expect(sampler.figures(of: "bot", pid: own.pid) == nil)
      try await round(sampler, [subject(own, ticks: 1, lines: 0, messages: 0)], at: 5)
      #expect(sampler.figures(of: "bot", pid: own.pid) == nil)
    }
  }
}
