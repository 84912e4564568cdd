import Model
import Trading

/// A worker that the supervisor announced.
struct RegisteredWorker: Sendable, Equatable {
  let strategy: String
  let generation: Generation
  let pid: Int32
  let uid: UInt32
  /// SHA-256 of its token, in hex.
  let tokenHash: [UInt8]
  let capabilities: StrategyCapabilities
  /// How many quotes it may be behind in lockstep.
  var window: Int { capabilities.brokers.isEmpty ? 512 : 1 }
}

/// The workers that may connect: of each strategy the latest generation.
struct TokenRegistry {
  private(set) var workers: [String: RegisteredWorker] = [:]

  /// Adds a worker; false when a later generation is known.
  mutating func register(_ worker: RegisteredWorker) -> Bool {
    if let known = workers[worker.strategy], known.generation > worker.generation { return false }
    workers[worker.strategy] = worker
    return true
  }

  /// Forgets a worker, unless a later generation has taken its place.
  mutating func remove(strategy: String, generation: Generation) {
    if workers[strategy]?.generation == generation { workers[strategy] = nil }
  }

  /// The worker whose token has that hash. Looks at every byte of every worker's, however early one differs.
  func worker(tokenHash: [UInt8]) -> RegisteredWorker? {
    var found: RegisteredWorker?
    for worker in workers.values where Self.equal(worker.tokenHash, tokenHash) { found = worker }
    return found
  }

  private static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
