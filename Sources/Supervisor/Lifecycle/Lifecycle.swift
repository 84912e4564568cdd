public import Model

/// The whole life of one worker as a value: events go in, actions come out, and nothing else happens.
///
/// It is total: every event has an answer in every state, if only to be dropped. Time and chance are arguments.
/// The driver carries out the actions in their order, and calls `handle(.tick…)` once `deadline` has passed.
public struct Lifecycle: Sendable {
  public internal(set) var policy: WorkerPolicy
  /// By which people call it, for what they are told to do.
  let name: String
  var phase = Phase.stopped
  /// The last spawn's number. It only rises, over all runs of the daemon.
  public internal(set) var generation: Generation
  /// Whether entries are to be refused; survives restarts.
  public internal(set) var isPaused: Bool
  /// Whether they are, as far as the gateway has said, or will be told before it admits one.
  public internal(set) var refusesEntries: Bool
  /// Why those two differ, where the gateway has been asked and did not do it.
  public internal(set) var pauseTrouble: String?
  var pauseRetry: PauseRetry?
  /// The last word that the gateway has taken.
  var takenSerial = 0
  /// Its processes stood still, and ended so; nobody has resumed it since.
  public internal(set) var wasFrozen = false
  /// Whether it should run, whatever it does now; survives the daemon.
  public internal(set) var isWanted = false
  /// Spawns that were not the first one since a person last started it.
  public internal(set) var restarts = 0
  /// Why it failed or waits to be started again, for people; nil when nothing is wrong.
  public internal(set) var trouble: String?

  /// Those on whom it depends, as they were last.
  public internal(set) var needs: [Need]
  /// Others end before it is asked to.
  public internal(set) var isHeldBack = false
  var isShuttingDown = false
  var slot: OpenSlot?
  var history = RestartHistory()
  var starts: [CommandID] = []
  var stops: [CommandID] = []
  var pauses: [(id: CommandID, serial: Int, command: Command)] = []
  var tradingSerial = 0
  /// The word to the gateway after which its processes are stopped; nil: they are not to be.
  var freezesAfter: Int?
  /// When those who wait for a start that waits for others are told so.
  var waitingUntil: Moment?
  var actions: [Action] = []

  /// A worker that is not running. `generation` and `isPaused` come from the last run of the daemon.
  public init(
    name: String = "NAME", policy: WorkerPolicy, generation: Generation = 0, isPaused: Bool = false,
    needs: [Need] = []
  ) {
    self.name = name
    self.policy = policy
    self.generation = generation
    self.isPaused = isPaused
    refusesEntries = isPaused
    self.needs = needs
  }

  /// What people see.
  public var state: WorkerState {
    switch phase {
    case .stopped: .stopped
    case .waiting: .waiting
    case .starting: .starting
    case .ready: refusesEntries ? .paused : .ready
    case .ending: .stopping
    case .backoff: .backoff
    case .failed: .failed
    case .scheduled: .scheduled
    case .finished: .finished
    }
  }

  /// What it waits for; empty when it does not wait.
  public var waitsFor: [Need] {
    if case .waiting = phase { unmet } else { [] }
  }

  /// What keeps it from being started.
  var unmet: [Need] { needs.filter { !$0.isMet } }

  /// As others see it.
  public var companion: Companion {
    Companion(
      state: state, isWanted: isWanted,
      waitsInVain: !waitsFor.isEmpty && waitsFor.allSatisfy { $0.standing == .absent },
      isUnkillable: isUnkillable, isNeverGivenUp: policy.limit == nil)
  }

  private var isUnkillable: Bool {
    if case .ending(_, let ending) = phase { ending.kills >= Self.killsBeforeAnswer } else { false }
  }

  /// Whether its processes are stopped where they are.
  public var isFrozen: Bool { phase.attempt?.frozenSince != nil }
  /// It is to end, and has not been asked to yet, because others end first.
  public var isHeld: Bool {
    if case .ending(_, let ending) = phase { ending.heldUntil != nil } else { false }
  }

  /// What a person does about a failure; nil when it has not failed.
  public var wayOut: String? {
    if case .failed = phase { "after mending it: rbotctl start \(name)" } else { nil }
  }

  /// The generation of the process that there is, or is about to be; nil when there is none.
  public var liveGeneration: Generation? { phase.attempt?.generation }
  public var pid: Int32? { phase.attempt?.pid }
  /// When the live one last beat (or became ready); nil before.
  public var lastBeat: Moment? { phase.attempt.flatMap { $0.readySince == nil ? nil : $0.lastBeat } }
  public var restartsAt: Moment? {
    if case .backoff(let until) = phase { until } else { nil }
  }

  /// Takes one event and says what to do.
  public mutating func handle(
    _ event: Event, now: Moment, using random: inout some RandomNumberGenerator
  ) -> [Action] {
    switch event {
    case .command(let command, let id): take(command, id, now)
    case .spawned(let generation, let pid): spawned(generation, pid, now)
    case .spawnFailed(let generation, let reason, let isTemporary, let isFinal):
      var ending = Ending(cause: .failure(reason), killAt: now)
      ending.isTemporary = isTemporary
      ending.isFinal = isFinal
      spawnFailed(generation, ending, now, using: &random)
    case .hello(let generation): hello(generation)
    case .ready(let generation): ready(generation, now)
    case .heartbeat(let generation): beat(generation, now)
    case .channelClosed(let generation, let reason): channelClosed(generation, reason, now)
    case .exceeded(let generation, let reason): exceeded(generation, reason, now)
    case .exited(let generation, let status): exited(generation, status, now)
    case .emptied(let generation, let words): emptied(generation, words, now, using: &random)
    case .needsChanged(let needs): needsChanged(needs, now)
    case .heldBack(let isHeldBack): heldBack(isHeldBack, now)
    case .tradingApplied(let serial, let outcome): tradingApplied(serial, outcome, now)
    case .policyChanged(let policy): policyChanged(policy, now)
    case .slotOpened(let id, let command, let isManual): slotOpened(id, command, isManual, now)
    case .slotClosed(let id, let closing): slotClosed(id, closing, now)
    case .tick: tick(now)
    }
    defer { actions = [] }
    return actions
  }

  /// Makes the next process, or waits for what it needs, or for its slot.
  mutating func begin(_ now: Moment) {
    guard !policy.isScheduled || slot != nil else { return rest(now) }
    guard unmet.isEmpty else {
      phase = .waiting
      if !starts.isEmpty, waitingUntil == nil { waitingUntil = now + policy.startTimeout }
      return
    }
    waitingUntil = nil
    generation += 1
    phase = .starting(Attempt(generation: generation, began: now))
    actions.append(.spawn(generation))
  }

  mutating func answerStarts(_ answer: Answer) {
    for id in starts { actions.append(.answer(id, answer)) }
    starts = []
  }

  mutating func answerStops(_ answer: Answer) {
    for id in stops { actions.append(.answer(id, answer)) }
    stops = []
  }
}
