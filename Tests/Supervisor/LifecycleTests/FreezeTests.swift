import Lifecycle
import Model
import Testing

@Suite("Freezing, and the last word of several")
struct FreezeTests {
  private func frozen() -> Driver {
    var driver = Driver()
    driver.becomeReady()
    _ = driver.command(.freeze)
    driver.handle(.tradingApplied(serial: 1, .confirmed))
    return driver
  }

  @Test("The gateway is told first, then the processes are stopped, and then it is answered")
  func order() {
    var driver = Driver()
    driver.becomeReady()
    let (id, actions) = driver.command(.freeze)
    #expect(actions == [.tell(1, paused: true), .applyTrading(serial: 1, paused: true)])
    let applied = driver.handle(.tradingApplied(serial: 1, .confirmed))
    #expect(applied.first == .freeze(1))
    #expect(applied.answer(to: id)?.message.contains("frozen") == true)
    #expect(driver.machine.state == .paused)
    #expect(driver.machine.isFrozen)
  }

  @Test("Without a gateway, or when it refuses, the processes are stopped all the same")
  func withoutGateway() {
    for outcome in [TradingOutcome.gatewayDown, .refused("no answer")] {
      var driver = Driver()
      driver.becomeReady()
      _ = driver.command(.freeze)
      #expect(driver.handle(.tradingApplied(serial: 1, outcome)).first == .freeze(1))
    }
  }

  @Test("No heartbeat is expected of a frozen one, and after it its time begins anew")
  func heartbeats() {
    var driver = frozen()
    #expect(driver.machine.deadline == nil)
    #expect(driver.pass(.seconds(3_600)).isEmpty)
    let resumed = driver.command(.resume).actions
    #expect(resumed == [.thaw(1), .tell(1, paused: false), .applyTrading(serial: 2, paused: false)])
    #expect(!driver.machine.isFrozen)
    #expect(driver.pass(.seconds(14)).isEmpty)
    #expect(driver.pass(.seconds(1)) == [.killAll(1)])
  }

  @Test("A stop lets a frozen one go on first, so that it can act on it")
  func stop() {
    var driver = frozen()
    let (id, actions) = driver.command(.stop)
    #expect(actions == [.thaw(1), .askToStop(1, within: .seconds(10), reason: "stop")])
    #expect(driver.end(.code(0)).answer(to: id)?.ok == true)
    var other = frozen()
    #expect(other.command(.shutdown).actions.first == .thaw(1))
  }

  @Test("A restart of a frozen one is paused and not frozen; so is what follows when it dies")
  func restart() {
    var driver = frozen()
    let restart = driver.command(.restart)
    #expect(restart.actions.first == .thaw(1))
    driver.end(.code(0))
    driver.handle(.spawned(2, pid: 9))
    driver.handle(.hello(2))
    let answer = driver.handle(.ready(2)).answer(to: restart.id)
    #expect(answer?.message == "paused, generation 2")
    #expect(driver.machine.state == .paused)
    #expect(!driver.machine.isFrozen)
    var dead = frozen()
    #expect(dead.handle(.exited(1, .signal(9))) == [.killAll(1), .thaw(1)])
    dead.handle(.emptied(1))
    dead.attempt()
    #expect(dead.machine.state == .paused)
    #expect(!dead.machine.isFrozen)
  }

  @Test("One that starts is frozen where it is, its start is answered, and its start timeout stands still")
  func whileStarting() {
    var driver = Driver()
    let start = driver.command(.start).id
    _ = driver.command(.freeze)
    let applied = driver.handle(.tradingApplied(serial: 1, .confirmed))
    #expect(applied.answer(to: start)?.reason == "frozen")
    #expect(driver.handle(.spawned(1, pid: 7)) == [.freeze(1)])
    #expect(driver.pass(.seconds(3_600)).isEmpty)
    let late = driver.command(.start)
    #expect(late.actions.answer(to: late.id)?.reason == "frozen")
    _ = driver.command(.resume)
    #expect(driver.pass(.seconds(29)).isEmpty)
    #expect(driver.pass(.seconds(1)) == [.killAll(1)])
  }

  @Test("A resume before the gateway has answered keeps it running")
  func resumeFirst() {
    var driver = Driver()
    driver.becomeReady()
    let freeze = driver.command(.freeze).id
    _ = driver.command(.resume)
    let applied = driver.handle(.tradingApplied(serial: 1, .confirmed))
    #expect(applied.answer(to: freeze)?.ok == true)
    #expect(!applied.contains(.freeze(1)))
    driver.handle(.tradingApplied(serial: 2, .confirmed))
    #expect(driver.machine.state == .ready)
  }

  @Test("A pause of a frozen one leaves it frozen; one that does not run is paused")
  func pauseAndNothing() {
    var driver = frozen()
    let pause = driver.command(.pause).id
    #expect(
      driver.handle(.tradingApplied(serial: 2, .confirmed)).answer(to: pause)?.message
        == "paused, and still frozen")
    #expect(driver.machine.isFrozen)
    var idle = Driver()
    let freeze = idle.command(.freeze).id
    let answer = idle.handle(.tradingApplied(serial: 1, .confirmed)).answer(to: freeze)
    #expect(answer?.message == "paused; there is no running process to freeze")
    #expect(idle.machine.isPaused)
  }

  @Test("Of any commands in any order, the last start, restart or stop, and the last pause or resume, decide")
  func lastWord() {
    let commands: [Command] = [.start, .stop, .restart, .pause, .freeze, .resume]
    for number in 0..<(6 * 6 * 6 * 6) {
      let words = [number % 6, number / 6 % 6, number / 36 % 6, number / 216].map { commands[$0] }
      var driver = Driver()
      driver.becomeReady()
      var serial = 0
      for word in words {
        for case .applyTrading(let next, _) in driver.command(word).actions { serial = next }
      }
      for one in 1..<(serial + 1) { driver.handle(.tradingApplied(serial: one, .confirmed)) }
      for _ in 0..<3 where driver.machine.state == .stopping || driver.machine.state == .starting {
        if driver.machine.state == .stopping { driver.end(.code(0)) } else { driver.attempt() }
      }
      let run = words.last { [.start, .stop, .restart].contains($0) } ?? .start
      let pause = words.last { [.pause, .freeze, .resume].contains($0) } ?? .resume
      let expected: WorkerState = run == .stop ? .stopped : pause == .resume ? .ready : .paused
      #expect(driver.machine.state == expected, "\(words)")
    }
  }
}
