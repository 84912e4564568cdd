import Lifecycle
import Model
import Platform
import SupervisorStore

/// Holds strategies to limits.memory where no cgroup does it.
///
/// The kernel's own limit then is on the private memory of each process; what several processes take together, and
/// what they share, is measured here. The sampler's rounds know it anyway; a tree that has used more than half of its
/// limit is looked at more often.
struct MemoryWatch: Sendable {
  /// Between two looks at a tree that is near its limit.
  static let every = Duration.milliseconds(500)

  /// A tree that is beyond its limit.
  struct Excess: Equatable, Sendable {
    let name: String
    let pid: Int32
    let bytes: UInt64
    let limit: UInt64

    /// Why it has to end.
    var reason: String {
      "uses \(ByteWords.of(bytes)) of memory, its limit is \(ByteWords.of(limit)) (limits.memory)"
    }
  }

  /// Until when those that took long to look at are left alone (milliseconds, monotonic).
  private var restsUntil: [String: UInt64] = [:]
  /// What is near its limit, by name.
  private(set) var near: [String: (process: SampleSubject.ProcessIdentity, limit: UInt64)] = [:]

  /// Takes in a reading of the resident memory, in which shared pages count for each of those who share them.
  ///
  /// - Returns: whether it may be beyond its limit.
  mutating func isSuspect(
    _ name: String, _ process: SampleSubject.ProcessIdentity, resident: Int, limit: UInt64?
  ) -> Bool {
    guard let limit, resident > Int(clamping: limit / 2) else {
      near[name] = nil
      return false
    }
    near[name] = (process, limit)
    return resident > Int(clamping: limit)
  }

  mutating func forget(_ name: String) {
    near[name] = nil
    restsUntil[name] = nil
  }

  /// Whether it may be looked at: the more it has, the longer a look takes the kernel, and it is given a twentieth of
  /// the time.
  func mayLook(_ name: String, now: UInt64) -> Bool { restsUntil[name].map { $0 <= now } ?? true }

  mutating func looked(_ name: String, took: UInt64, now: UInt64) { restsUntil[name] = now + took * 20 }
}

/// A number of bytes as people read it, rounded: "117 MB", as manifests write it.
enum ByteWords {
  static func of(_ bytes: UInt64) -> String {
    let units: [(UInt64, String)] = [
      (1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"),
    ]
    for (size, name) in units where bytes >= size {
      // Three digits tell enough: 1.95 GB, 19.5 GB, 195 GB.
      let hundredths = (bytes / (size / 100))
      if hundredths >= 10_000 { return "\(bytes / size) \(name)" }
      let digits = hundredths >= 1_000 ? hundredths / 10 * 10 : hundredths
      let rest = digits % 100
      let tail = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)"
      return "\(digits / 100)\(tail) \(name)"
    }
    return "\(bytes) bytes"
  }
}

extension Supervisor {
  /// Ends those who take more than they may; called twice a second.
  func watchMemory() {
    for excess in sampler.takeExcesses() {
      guard let worker = workers[excess.name], worker.process?.pid == excess.pid,
        let generation = worker.lifecycle.liveGeneration
      else { continue }
      apply(.exceeded(generation, reason: excess.reason), to: worker)
    }
    sampler.lookAtNear()
  }

  /// The limit of a worker's memory where nobody else holds it to that.
  func memoryLimit(of worker: Worker) -> UInt64? {
    guard let limit = worker.plan.wish.memoryBytes, worker.cell?.cell.cgroup.memoryBytes == nil else {
      return nil
    }
    return limit
  }
}
