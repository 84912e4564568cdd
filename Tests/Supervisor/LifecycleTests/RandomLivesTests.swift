import Lifecycle
import Model
import Testing

/// The world around a machine: it keeps a process for each spawn and delivers its events late and out of turn,
/// as the real one does.
private struct World {
  var driver: Driver
  var random: SeededRandom
  var live: Set<Int> = []
  var spawning: Set<Int> = []
  var dying: Set<Int> = []
  var trading: [Int] = []
  var answers: [CommandID: Int] = [:]
  var asked = 0
  /// The last of start, restart, stop.
  var wantsRun = false

  mutating func pick<T>(_ items: some Collection<T>) -> T? { items.randomElement(using: &random) }

  mutating func send(_ event: Event) {
    let actions = driver.handle(event)
    for action in actions { perform(action, because: event) }
    check()
  }

  mutating func perform(_ action: Action, because event: Event) {
    switch action {
    case .spawn(let generation):
      #expect(live.isEmpty && spawning.isEmpty, "a second process beside \(live) after \(event)")
      #expect(wantsRun, "a spawn although the last word was stop, after \(event)")
      spawning.insert(generation)
    case .killAll(let generation):
      if live.contains(generation) { dying.insert(generation) }
    case .applyTrading(let serial, _): trading.append(serial)
    case .answer(let id, _): answers[id, default: 0] += 1
    case .runEnded(let end):
      #expect(!live.contains(end.generation) && !spawning.contains(end.generation))
    case .askToStop, .terminate, .tell, .alert: break
    }
  }

  func check() {
    if let at = driver.machine.restartsAt {
      #expect(at - driver.now <= driver.machine.policy.backoff.max)
    }
    if driver.machine.state == .stopped { #expect(live.isEmpty && spawning.isEmpty) }
  }

  mutating func command(_ command: Command) {
    switch command {
    case .start, .restart: wantsRun = true
    case .stop, .shutdown: wantsRun = false
    case .pause, .resume: break
    }
    asked += 1
    send(.command(command, CommandID(UInt64(asked))))
  }

  mutating func end(_ generation: Int) {
    live.remove(generation)
    dying.remove(generation)
    send(
      .exited(
        generation, Bool.random(using: &random) ? .code(Int.random(in: 0...3, using: &random)) : .signal(9)))
    send(.emptied(generation))
  }

  mutating func step() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<6: command(.start)
    case 6..<11: command(.stop)
    case 11..<15: command(.restart)
    case 15..<18: command(.pause)
    case 18..<21: command(.resume)
    case 21..<24: send(Bool.random(using: &random) ? .gatewayReady : .gatewayLost)
    case 24..<40:
      guard let generation = pick(spawning) else { return }
      spawning.remove(generation)
      if Int.random(in: 0..<5, using: &random) == 0 {
        send(.spawnFailed(generation, reason: "no room"))
      } else {
        live.insert(generation)
        send(.spawned(generation, pid: Int32(generation % 30_000) + 1))
      }
    case 40..<50: if let generation = pick(live) { send(.hello(generation)) }
    case 50..<60: if let generation = pick(live) { send(.ready(generation)) }
    case 60..<68: if let generation = pick(live) { send(.heartbeat(generation)) }
    case 68..<70: if let generation = pick(live) { send(.channelClosed(generation, reason: "closed")) }
    case 70..<76: if let generation = pick(live) { end(generation) }
    case 76..<84: if let generation = pick(dying) { end(generation) }
    case 84..<88:
      guard let serial = pick(trading) else { return }
      trading.removeAll { $0 == serial }
      send(.tradingApplied(serial: serial, pick([.confirmed, .gatewayDown, .refused("no")]) ?? .confirmed))
    case 88..<90:
      // Something of long ago.
      let old = Int.random(in: 0...max(0, driver.machine.generation - 1), using: &random)
      if old < driver.machine.generation {
        send(pick([.ready(old), .emptied(old), .exited(old, .code(1))]) ?? .tick)
      }
    default:
      driver.now = driver.now + .milliseconds(Int.random(in: 1...20_000, using: &random))
      send(.tick)
    }
  }

  /// Lets everything come to rest: every process that is to die dies, every question is answered.
  mutating func settle() {
    command(.shutdown)
    for _ in 0..<100 {
      for generation in spawning {
        spawning.remove(generation)
        live.insert(generation)
        send(.spawned(generation, pid: 1))
      }
      for generation in dying { end(generation) }
      for serial in trading { send(.tradingApplied(serial: serial, .confirmed)) }
      trading = []
      driver.now = driver.now + .seconds(1)
      send(.tick)
    }
  }
}

@Suite("Random lives")
struct RandomLivesTests {
  @Test("Whatever happens: one process at most, a stop wins, and each command is answered exactly once")
  func invariants() {
    let seed = UInt64.random(in: 1...UInt64.max)
    var seeds = SeededRandom(state: seed)
    print("random lives: seed \(seed)")
    for _ in 0..<200 {
      let limit: WorkerPolicy.Limit? =
        Bool.random(using: &seeds) ? .init(bursts: 5, within: .seconds(300)) : nil
      let restart: WorkerPolicy.Restart =
        [.always, .onFailure, .never].randomElement(using: &seeds) ?? .always
      var world = World(
        driver: Driver {
          $0.limit = limit
          $0.restart = restart
          $0.backoff.jitter = 0.25
        }, random: SeededRandom(state: seeds.next()))
      for _ in 0..<1_000 { world.step() }
      world.settle()
      #expect(world.driver.machine.state == .stopped, "seed \(seed)")
      let wrong = (1...world.asked).filter { world.answers[CommandID(UInt64($0))] != 1 }
      #expect(wrong.isEmpty, "commands not answered exactly once, seed \(seed)")
    }
  }
}
