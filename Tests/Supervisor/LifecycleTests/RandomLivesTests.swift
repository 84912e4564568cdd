import Lifecycle
import Model
import Testing

extension Household {
  mutating func pick<T>(_ items: some Collection<T>) -> T? { items.randomElement(using: &random) }

  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  mutating func end(_ generation: Int, _ name: String) {
    members[name]?.live.remove(generation)
    members[name]?.dying.remove(generation)
    let status: ProcessEnd =
      chance(2)
      ? .signal(9) : .code([0, 0, 1, 2, 3, chance(8) ? 78 : 1][Int.random(in: 0..<6, using: &random)])
    send(.exited(generation, status), to: name)
    send(.emptied(generation, lastWords: chance(2) ? "no such file" : nil), to: name)
  }

  /// One random thing happens to one of them.
  mutating func step() {
    let name = names[Int.random(in: 0..<names.count, using: &random)]
    guard let member = members[name] else { return }
    if chance(8) { return slotStep(name, member) }
    var dice = Int.random(in: 0..<100, using: &random)
    // Instead of a command something dies.
    if isQuiet, dice < 21, !chance(40) { dice = 73 }
    switch dice {
    case 0..<6: command(.start, name)
    case 6..<9: command(.stop, name)
    case 9..<12: command(.restart, name)
    case 12..<14: command(.pause, name)
    case 14..<16: command(.freeze, name)
    case 16..<20: command(.resume, name)
    case 20: command(.reset, name)
    case 21..<24:
      gatewayIsReady = chance(3) ? !gatewayIsReady : true
      for other in graph.dependents(of: "gateway") { refresh(other) }
    case 24..<40:
      guard let generation = pick(member.spawning) else { return }
      members[name]?.spawning.remove(generation)
      if chance(5) {
        temporary = chance(2)
        send(.spawnFailed(generation, reason: "no room", isTemporary: temporary), to: name)
        temporary = false
      } else {
        members[name]?.live.insert(generation)
        send(.spawned(generation, pid: Int32(generation % 30_000) + 1), to: name)
      }
    case 40..<50: if let generation = pick(member.live) { send(.hello(generation), to: name) }
    case 50..<62: if let generation = pick(member.live) { send(.ready(generation), to: name) }
    case 62..<70: if let generation = pick(member.live) { send(.heartbeat(generation), to: name) }
    case 70:
      if let generation = pick(member.live) { send(.channelClosed(generation, reason: "closed"), to: name) }
    case 71..<74: if let generation = pick(member.live) { end(generation, name) }
    case 74..<82: if let generation = pick(member.dying) { end(generation, name) }
    case 82..<88:
      guard let serial = pick(member.trading) else { return }
      members[name]?.trading.removeAll { $0 == serial }
      let outcome = pick([TradingOutcome.confirmed, .gatewayDown, .refused("no")]) ?? .confirmed
      send(.tradingApplied(serial: serial, outcome), to: name)
    case 88..<90: sendOld(name, member)
    default:
      now = now + .milliseconds(Int.random(in: 1...8_000, using: &random))
      for other in names { send(.tick, to: other) }
    }
  }

  /// What a schedule does to one of them.
  private mutating func slotStep(_ name: String, _ member: Member) {
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<12: openSlot(name, isManual: chance(4))
    case 12..<18:
      // Also of one that is over, or never was.
      let slot = chance(4) ? slotsMade : member.driver.machine.openSlot ?? slotsMade
      send(.slotClosed(slot, pick([SlotClosing.window, .replaced]) ?? .window), to: name)
    case 18:
      reschedule(name, pick(Self.slots) ?? nil)
    default: break
    }
  }

  /// Words of a process of long ago change nothing and lead to nothing.
  private mutating func sendOld(_ name: String, _ member: Member) {
    let last = member.driver.machine.generation - 1
    guard last > 0 else { return }
    let old = Int.random(in: 1...last, using: &random)
    let event: Event? = pick([
      .spawned(old, pid: 1), .spawnFailed(old, reason: "x"), .hello(old), .ready(old), .heartbeat(old),
      .channelClosed(old, reason: "x"), .exited(old, .code(1)), .emptied(old),
    ])
    guard let event else { return }
    var driver = member.driver
    let before = driver.machine.state
    if !driver.handle(event).isEmpty || driver.machine.state != before {
      fail("\(name): \(event) of generation \(old) did something")
    }
  }

  /// Lets everything come to rest: what is to die dies, every question is answered.
  mutating func settle() {
    for name in graph.stopOrder(names) { command(.shutdown, name) }
    isShuttingDown = true
    for _ in 0..<60 {
      for name in names {
        for generation in members[name]?.spawning ?? [] {
          members[name]?.spawning.remove(generation)
          members[name]?.live.insert(generation)
          send(.spawned(generation, pid: 1), to: name)
        }
        for generation in members[name]?.dying ?? [] { end(generation, name) }
        for serial in members[name]?.trading ?? [] {
          send(.tradingApplied(serial: serial, .confirmed), to: name)
        }
        members[name]?.trading = []
        if chance(10) { command(.start, name) }
      }
      now = now + .seconds(1)
      for name in names { send(.tick, to: name) }
    }
    for name in names {
      let state = members[name]?.driver.machine.state
      // How one ended is kept for the next daemon.
      guard let state, ![.stopped, .failed, .finished].contains(state) else { continue }
      fail("\(name) did not come to rest: \(state.rawValue)")
    }
    for name in names where members[name]?.slots.isEmpty == false {
      fail("\(name): slots \(members[name]?.slots.sorted().prefix(5) ?? []) have not ended")
    }
    let wrong = (1...asked).filter { answers[CommandID(UInt64($0))] != 1 }
    if !wrong.isEmpty { fail("commands \(wrong.prefix(5)) were not answered exactly once") }
  }
}

@Suite("Random lives")
struct RandomLivesTests {
  private static let shards = 20
  private static let stepsPerLife = 1_000
  private static let livesPerShard = 50

  /// A million steps in all. A failure names the seed of its life: `Household(seed:)` plays it again.
  @Test(
    "Whatever happens: one process at most, a stop wins, nothing starts without what it needs or outside of its slots, each slot ends once, and each command is answered exactly once",
    arguments: 0..<shards)
  func invariants(shard: Int) {
    let seed = UInt64.random(in: 1...UInt64.max)
    print("random lives, shard \(shard): seed \(seed)")
    var seeds = SeededRandom(state: seed)
    for _ in 0..<Self.livesPerShard {
      var household = Household(seed: seeds.next())
      for _ in 0..<Self.stepsPerLife where household.fault == nil { household.step() }
      if household.fault == nil { household.settle() }
      if let fault = household.fault {
        Issue.record("\(fault)")
        return
      }
    }
  }
}
