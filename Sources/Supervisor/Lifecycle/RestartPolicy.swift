/// How one worker is started, watched, restarted and stopped: what its manifest says, in the machine's words.
public struct WorkerPolicy: Hashable, Sendable {
  /// When a worker that ended by itself is started again.
  public enum Restart: String, Sendable {
    case always
    case onFailure = "on-failure"
    case never
  }

  /// The delays before restarts: `initial`, then times `factor` each, up to `max`, each moved by up to ± `jitter`.
  public struct Backoff: Hashable, Sendable {
    public var initial: Duration
    public var max: Duration
    public var factor: Double
    /// A share of the delay, 0 to 1.
    public var jitter: Double

    public init(initial: Duration, max: Duration, factor: Double, jitter: Double) {
      self.initial = initial
      self.max = max
      self.factor = factor
      self.jitter = jitter
    }
  }

  /// At most `bursts` automatic restarts within `within`; one more and the worker has failed.
  public struct Limit: Hashable, Sendable {
    public var bursts: Int
    public var within: Duration

    public init(bursts: Int, within: Duration) {
      self.bursts = bursts
      self.within = within
    }
  }

  public var restart = Restart.onFailure
  public var backoff = Backoff(initial: .milliseconds(200), max: .seconds(60), factor: 2, jitter: 0.25)
  /// This long in ready, and earlier failures are forgotten.
  public var healthyAfter = Duration.seconds(60)
  /// Nil: it is tried for ever, with bounded delays. The gateway is run so, for without it nobody trades.
  public var limit: Limit? = Limit(bursts: 5, within: .seconds(300))
  /// `hello` and `ready` must come within this time after the spawn.
  public var startTimeout = Duration.seconds(30)
  /// A ready worker is killed when it has not beaten for three of these.
  public var heartbeat = Duration.seconds(5)
  /// From being asked to stop to being killed.
  public var stopTimeout = Duration.seconds(10)
  /// Who must be ready, or have been tried, before it is started.
  public var after = ["gateway"]
  /// Who must be ready for it to run at all.
  public var requires: [String] = []
  /// Nil: it runs whenever it is wanted.
  public var slots: Slots?
  /// The exit code by which it says before it is ready that it cannot run as it is written; beside 78 (EX_CONFIG),
  /// which always says so.
  public var refusalCode: Int?

  /// What one does that runs only in the slots of a schedule.
  public enum Slots: Hashable, Sendable {
    /// Each is one run, and exit code 0 is its end; one that lasts longer than `max` has failed.
    case oneShot(max: Duration?)
    /// It runs from a window's opening to its close.
    case window
  }

  public var isScheduled: Bool { slots != nil }
  public var isOneShot: Bool { if case .oneShot? = slots { true } else { false } }

  public init() {}
}

/// What a worker's failures so far mean for its next restart.
struct RestartHistory: Sendable {
  enum Decision: Equatable {
    case restart(after: Duration)
    case giveUp
  }

  /// Failures since the worker was last healthy, or since a person started it.
  private(set) var failures = 0
  /// When it was restarted automatically, oldest first; never more than the limit's bursts.
  private var restarts: [Moment] = []

  /// The worker was in ready for `policy.healthyAfter`: the next failure is a first one again.
  mutating func healthy() { failures = 0 }

  /// A person asked for a start: what was before doesn't count.
  mutating func forget() { self = RestartHistory() }

  /// One more failure, or one more end of a worker that always runs.
  ///
  /// The first one after a healthy run is answered at once, because then a restart most likely helps; a worker
  /// that could not even start always waits, so that a broken command never becomes a hot loop. What is `countless`
  /// is no fault of the worker: it waits as well, and the limit does not know of it.
  mutating func next(
    _ policy: WorkerPolicy, wasReady: Bool, countless: Bool = false, now: Moment,
    using random: inout some RandomNumberGenerator
  ) -> Decision {
    if let limit = policy.limit, !countless {
      restarts.removeAll { now - $0 > limit.within }
      guard restarts.count < limit.bursts else { return .giveUp }
      restarts.append(now)
    }
    let immediate = failures == 0 && wasReady
    let exponent = wasReady ? failures - 1 : failures
    failures = min(failures + 1, 1_000)
    return .restart(after: immediate ? .zero : policy.backoff.delay(exponent: exponent, using: &random))
  }
}

extension WorkerPolicy.Backoff {
  func delay(exponent: Int, using random: inout some RandomNumberGenerator) -> Duration {
    var delay = Double(initial.wholeNanoseconds)
    let ceiling = Double(max.wholeNanoseconds)
    // Stepwise rather than a power: no library is needed, and it ends at the ceiling long before it overflows.
    for _ in 0..<Swift.max(0, exponent) where delay < ceiling { delay *= Swift.max(1, factor) }
    delay = Swift.min(delay, ceiling)
    let share = Swift.min(Swift.max(jitter, 0), 1)
    if share > 0 { delay *= 1 + Double.random(in: -share...share, using: &random) }
    return .nanoseconds(Int64(Swift.min(delay, ceiling)))
  }
}
