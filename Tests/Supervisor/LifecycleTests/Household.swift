import Lifecycle
import Model

/// A few machines that depend on each other, and the world around them: a process for each spawn, whose events come
/// late and out of turn, as the real ones do. It checks after every event what must always hold.
struct Household {
  /// What is around one machine.
  struct Member {
    var driver: Driver
    var live: Set<Int> = []
    var spawning: Set<Int> = []
    var dying: Set<Int> = []
    var trading: [Int] = []
    /// The last of start, restart, stop; a reset is a stop.
    var wantsRun = false
    /// The last of pause and resume.
    var wantsPause = false
    /// Automatic restarts since the last one that a person asked for, within the limit's time.
    var automatic: [Moment] = []
    var failuresSinceHealthy = 0
    var readySince: Moment?
    /// Slots that were opened and have not ended.
    var slots: Set<SlotID> = []
    var manual: Set<SlotID> = []
    /// Its schedule has changed since its last end.
    var hasChanged = false
  }

  let seed: UInt64
  var random: SeededRandom
  var now = Moment(nanoseconds: 1_000_000_000)
  var members: [String: Member] = [:]
  let names: [String]
  let graph: DependencyGraph
  var gatewayIsReady = true
  var isShuttingDown = false
  /// Few commands are given, so that what the machines do by themselves goes on for long.
  let isQuiet: Bool
  var answers: [CommandID: Int] = [:]
  var asked = 0
  /// How many slots there were in all.
  var slotsMade: SlotID = 0
  /// The first thing that went wrong.
  var fault: String?

  /// Three workers; each may depend on those before it, and on the gateway.
  init(seed: UInt64) {
    self.seed = seed
    var random = SeededRandom(state: seed)
    isQuiet = Bool.random(using: &random)
    names = ["a", "b", "c"]
    var nodes: [String: DependencyGraph.Node] = [:]
    for (index, name) in names.enumerated() {
      var node = DependencyGraph.Node(after: Bool.random(using: &random) ? ["gateway"] : [])
      for other in names[..<index] {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: node.requires.append(other)
        case 1: node.after.append(other)
        default: break
        }
      }
      nodes[name] = node
    }
    graph = DependencyGraph(nodes)
    for name in names {
      let restart = [WorkerPolicy.Restart.always, .onFailure, .onFailure, .never]
        .randomElement(using: &random)
      let isLimited = Int.random(in: 0..<4, using: &random) > 0
      members[name] = Member(
        driver: Driver {
          $0.restart = restart ?? .always
          $0.limit = isLimited ? .init(bursts: 5, within: .seconds(300)) : nil
          $0.backoff.jitter = 0.25
          $0.refusalCode = 2
          $0.healthyAfter = .seconds(20)
          $0.slots = Self.slots.randomElement(using: &random) ?? nil
        })
    }
    self.random = random
    for name in names { refresh(name) }
  }

  static let slots: [WorkerPolicy.Slots?] = [
    nil, nil, .oneShot(max: nil), .oneShot(max: .seconds(30)), .window,
  ]

  func look(_ name: String) -> Companion? {
    if name == "gateway" {
      return Companion(state: gatewayIsReady ? .ready : .starting, isWanted: true, isNeverGivenUp: true)
    }
    return members[name]?.driver.machine.companion
  }

  mutating func fail(_ what: String) {
    if fault == nil { fault = "seed \(seed): \(what)" }
  }

  // MARK: As the supervisor does it

  mutating func send(_ event: Event, to name: String) {
    guard var member = members[name] else { return }
    let before = member.driver.machine.companion
    member.driver.now = now
    let actions = member.driver.handle(event)
    members[name] = member
    for action in actions { perform(action, name, because: event) }
    check(name)
    if let after = members[name]?.driver.machine.companion, after != before { refresh(around: name) }
  }

  mutating func refresh(around name: String) {
    for other in graph.dependents(of: name) { refresh(other) }
    release(name)
    for other in graph.dependencies(of: name) { release(other) }
  }

  mutating func refresh(_ name: String) {
    let needs = graph.needs(of: name, look: look)
    if needs != members[name]?.driver.machine.needs { send(.needsChanged(needs), to: name) }
  }

  mutating func release(_ name: String) {
    guard let machine = members[name]?.driver.machine else { return }
    let isHeldBack = graph.isHeldBack(name, look: look)
    if isHeldBack != machine.isHeldBack { send(.heldBack(isHeldBack), to: name) }
  }

  mutating func command(_ command: Command, _ name: String) {
    if command == .start || command == .restart, !isShuttingDown {
      for other in graph.pulledIn(by: name) where members[other]?.driver.machine.isWanted == false {
        give(.start, other)
      }
    }
    give(command, name)
  }

  private mutating func give(_ command: Command, _ name: String) {
    switch command {
    case .start, .restart: if !isShuttingDown { personStarts(name) }
    case .stop, .shutdown: members[name]?.wantsRun = false
    case .reset:
      if members[name]?.driver.machine.state == .failed { members[name]?.wantsRun = false }
    case .pause, .freeze: members[name]?.wantsPause = true
    case .resume: members[name]?.wantsPause = false
    }
    asked += 1
    send(.command(command, CommandID(UInt64(asked))), to: name)
  }

  private mutating func personStarts(_ name: String) {
    members[name]?.wantsRun = true
    forgetFailures(name)
  }

  private mutating func forgetFailures(_ name: String) {
    members[name]?.automatic = []
    members[name]?.failuresSinceHealthy = 0
  }

  /// It has another schedule, or none, from now on.
  mutating func reschedule(_ name: String, _ slots: WorkerPolicy.Slots?) {
    guard var policy = members[name]?.driver.machine.policy else { return }
    policy.slots = slots
    forgetFailures(name)
    members[name]?.hasChanged = true
    send(.policyChanged(policy), to: name)
  }

  /// A slot begins; who asked for it himself waits for an answer.
  mutating func openSlot(_ name: String, isManual: Bool) {
    slotsMade += 1
    members[name]?.slots.insert(slotsMade)
    var command: CommandID?
    if isManual {
      members[name]?.manual.insert(slotsMade)
      asked += 1
      command = CommandID(UInt64(asked))
    }
    if members[name]?.driver.machine.openSlot == nil { forgetFailures(name) }
    send(.slotOpened(slotsMade, run: command, isManual: isManual), to: name)
  }

  // MARK: What must hold

  private mutating func perform(_ action: Action, _ name: String, because event: Event) {
    guard let member = members[name] else { return }
    switch action {
    case .spawn(let generation):
      spawn(generation, name, member, because: event)
    case .killAll(let generation):
      if member.driver.machine.isFrozen, case .tick = event { fail("\(name) was killed while frozen") }
      if member.live.contains(generation) { members[name]?.dying.insert(generation) }
    case .applyTrading(let serial, _): members[name]?.trading.append(serial)
    case .answer(let id, _): answers[id, default: 0] += 1
    case .runEnded(let end):
      if member.live.contains(end.generation) || member.spawning.contains(end.generation) {
        fail("\(name): the end of a run that lives")
      }
      ended(end, name, member)
    case .askToStop(let generation, _, _), .terminate(let generation), .freeze(let generation),
      .thaw(let generation), .tell(let generation, _):
      if generation != member.driver.machine.generation { fail("\(name): \(action) after \(event)") }
    case .slotEnded(let slot, _):
      if members[name]?.slots.remove(slot) == nil {
        fail("\(name): the end of slot \(slot), which is not open")
      }
    case .alert: break
    }
  }

  private mutating func spawn(_ generation: Int, _ name: String, _ member: Member, because event: Event) {
    if !member.live.isEmpty || !member.spawning.isEmpty { fail("\(name): a second process after \(event)") }
    let slot = member.driver.machine.openSlot
    if member.driver.machine.policy.isScheduled, slot.map(member.slots.contains) != true {
      fail("\(name): a spawn outside of its slots, after \(event)")
    }
    if !member.wantsRun, slot.map(member.manual.contains) != true {
      fail("\(name): a spawn although the last word was stop, after \(event)")
    }
    if isShuttingDown { fail("\(name): a spawn during shutdown, after \(event)") }
    for need in graph.needs(of: name, look: look) where !need.isMet {
      fail("\(name): a spawn without \(need.words), after \(event)")
    }
    members[name]?.spawning.insert(generation)
  }

  private mutating func ended(_ end: RunEnd, _ name: String, _ member: Member) {
    let policy = member.driver.machine.policy
    if let since = member.readySince, now - since >= policy.healthyAfter {
      members[name]?.failuresSinceHealthy = 0
      if member.driver.machine.state == .backoff { fail("\(name): a pause after a healthy run") }
    }
    let hasFailed = members[name]?.failuresSinceHealthy ?? 0 > 0
    let wasReady = member.readySince != nil
    members[name]?.readySince = nil
    // Of the expected ends only that of one that always runs counts.
    guard !end.expected || end.reason == "exited with code 0" else { return }
    // One that has lost its schedule since begins as another strategy would.
    if member.hasChanged {
      members[name]?.hasChanged = false
      return forgetFailures(name)
    }
    let state = member.driver.machine.state
    guard let limit = policy.limit, [.backoff, .starting, .waiting].contains(state) else { return }
    if member.driver.machine.restartsAt == nil, hasFailed || !wasReady, !end.expected {
      fail("\(name): no pause before the restart of one that fails again")
    }
    members[name]?.failuresSinceHealthy += 1
    members[name]?.automatic.removeAll { now - $0 > limit.within }
    members[name]?.automatic.append(now)
    if let count = members[name]?.automatic.count, count > limit.bursts, !temporary {
      fail("\(name): \(count) automatic restarts within \(limit.within)")
    }
    if temporary { members[name]?.automatic.removeLast() }
  }

  /// The failure that is being told is no fault of the worker.
  var temporary = false

  private mutating func check(_ name: String) {
    guard let member = members[name] else { return }
    let machine = member.driver.machine
    if let at = machine.restartsAt, at - now > machine.policy.backoff.max {
      fail("\(name): too long a pause")
    }
    if machine.state == .stopped, !member.live.isEmpty || !member.spawning.isEmpty {
      fail("\(name): stopped, and \(member.live) lives")
    }
    if machine.isPaused != member.wantsPause { fail("\(name): its pause is not the last one asked for") }
    if member.trading.isEmpty, !machine.isPauseTried, machine.isPaused != machine.refusesEntries {
      fail("\(name): its pause is not in force, and nobody is told")
    }
    if machine.isFrozen, !machine.isPaused { fail("\(name): frozen and not paused") }
    if machine.state == .failed, machine.trouble == nil || machine.wayOut == nil {
      fail("\(name): failed without a reason or a way out")
    }
    if machine.openSlot.map(member.slots.contains) == false { fail("\(name): in a slot that has ended") }
    if machine.state == .scheduled, machine.openSlot != nil { fail("\(name): waits for a slot inside one") }
    if machine.state == .scheduled, !member.wantsRun { fail("\(name): scheduled after a stop") }
    if machine.state == .waiting, machine.waitsFor.isEmpty { fail("\(name): waits for nothing") }
    if machine.state == .ready || machine.state == .paused {
      if member.readySince == nil { members[name]?.readySince = now }
    }
  }
}
