import Lifecycle
import Model
import Testing

@Suite("Stopping, pausing, and commands that cross each other")
struct StoppingTests {
  @Test("A stop asks, then terminates, then kills, and is answered when nothing is left")
  func sequence() {
    var driver = Driver()
    driver.becomeReady()
    let (id, actions) = driver.command(.stop)
    #expect(actions == [.askToStop(1, within: .seconds(10), reason: "stop")])
    #expect(driver.pass(.seconds(5)) == [.terminate(1)])
    #expect(driver.pass(.seconds(5)) == [.killAll(1)])
    #expect(driver.handle(.exited(1, .signal(9))).answer(to: id) == nil)
    let actionsAtEnd = driver.handle(.emptied(1))
    #expect(actionsAtEnd.answer(to: id)?.ok == true)
    #expect(actionsAtEnd.end?.reason == "killed at the deadline of 10 s (stop)")
    #expect(driver.machine.state == .stopped)
  }

  @Test("When the leader is gone, what it left is killed at once")
  func leaderGone() {
    var driver = Driver()
    driver.becomeReady()
    _ = driver.command(.stop)
    #expect(driver.handle(.exited(1, .code(0))) == [.killAll(1)])
    #expect(driver.machine.state == .stopping)
    #expect(driver.pass(.seconds(1)) == [.killAll(1)])
  }

  @Test("What cannot be killed is said, and tried for ever")
  func unkillable() {
    var driver = Driver()
    driver.becomeReady()
    let (id, _) = driver.command(.stop)
    var answers: [Answer] = []
    for _ in 0..<40 {
      if let answer = driver.pass(.seconds(1)).answer(to: id) { answers.append(answer) }
    }
    #expect(answers.map(\.reason) == ["still_alive"])
    #expect(driver.pass(.seconds(1)) == [.killAll(1)])
    driver.end(.signal(9))
    #expect(driver.machine.state == .stopped)
  }

  @Test("A stop of one that is still being made ends it as soon as it exists")
  func stopWhileSpawning() {
    var driver = Driver()
    let start = driver.command(.start).id
    let stop = driver.command(.stop)
    #expect(stop.actions.answer(to: start)?.reason == "superseded")
    #expect(driver.handle(.spawned(1, pid: 7)) == [.terminate(1)])
    #expect(driver.end(.signal(15)).answer(to: stop.id)?.ok == true)
    #expect(driver.machine.state == .stopped)
  }

  @Test("A ready that crosses a stop is ignored")
  func lateReady() {
    var driver = Driver()
    _ = driver.command(.start)
    driver.handle(.spawned(1, pid: 7))
    driver.handle(.hello(1))
    _ = driver.command(.stop)
    #expect(driver.handle(.ready(1)).isEmpty)
    #expect(driver.machine.state == .stopping)
  }

  @Test("A stop during backoff: nothing is spawned any more")
  func stopInBackoff() {
    var driver = Driver()
    _ = driver.command(.start)
    driver.end(.code(1))
    let (id, actions) = driver.command(.stop)
    #expect(actions.answer(to: id)?.ok == true)
    #expect(driver.machine.state == .stopped)
    #expect(driver.pass(.seconds(600)).isEmpty)
    #expect(driver.handle(.needsChanged([.gateway(true)])).isEmpty)
  }

  @Test("A stop during a restart wins")
  func stopDuringRestart() {
    var driver = Driver()
    driver.becomeReady()
    let restart = driver.command(.restart)
    let stop = driver.command(.stop)
    #expect(stop.actions.answer(to: restart.id)?.reason == "superseded")
    let end = driver.end(.code(0))
    #expect(end.spawned.isEmpty)
    #expect(end.answer(to: stop.id)?.ok == true)
  }

  @Test("Eight restarts at once make one new process")
  func manyRestarts() {
    var driver = Driver()
    driver.becomeReady()
    let ids = (0..<8).map { _ in driver.command(.restart).id }
    #expect(driver.end(.code(0)).spawned == [2])
    driver.handle(.spawned(2, pid: 9))
    driver.handle(.hello(2))
    let actions = driver.handle(.ready(2))
    for id in ids { #expect(actions.answer(to: id)?.ok == true) }
  }

  @Test("A start after a stop is the last word")
  func startDuringStop() {
    var driver = Driver()
    driver.becomeReady()
    let stop = driver.command(.stop).id
    #expect(driver.command(.start).actions.answer(to: stop)?.reason == "superseded")
    #expect(driver.end(.code(0)).spawned == [2])
  }

  @Test("A shutdown stops it and keeps it wanted, and nothing starts it any more")
  func shutdown() {
    var driver = Driver()
    driver.becomeReady()
    _ = driver.command(.shutdown)
    let late = driver.command(.start)
    #expect(late.actions.answer(to: late.id)?.reason == "shutting_down")
    driver.end(.code(0))
    #expect(driver.machine.state == .stopped)
    #expect(driver.machine.isWanted)
  }

  @Test("A pause is answered when the gateway refuses entries, and survives a restart")
  func pause() {
    var driver = Driver()
    driver.becomeReady()
    let (id, actions) = driver.command(.pause)
    #expect(actions == [.tell(1, paused: true), .applyTrading(serial: 1, paused: true)])
    #expect(driver.handle(.tradingApplied(serial: 1, .confirmed)).answer(to: id)?.ok == true)
    #expect(driver.machine.state == .paused)
    driver.end(.signal(9))
    driver.attempt()
    #expect(driver.machine.state == .paused)
    _ = driver.command(.resume)
    driver.handle(.tradingApplied(serial: 2, .confirmed))
    #expect(driver.machine.state == .ready)
  }

  @Test("Without a gateway a pause is recorded, and says so")
  func pauseWithoutGateway() {
    var driver = Driver()
    let (id, _) = driver.command(.pause)
    let answer = driver.handle(.tradingApplied(serial: 1, .gatewayDown)).answer(to: id)
    #expect(answer?.ok == true)
    #expect(answer?.message.contains("the gateway is down, and will be told") == true)
    #expect(driver.handle(.tradingApplied(serial: 1, .confirmed)).isEmpty)
  }

  @Test("Words of an older generation are dropped")
  func oldGeneration() {
    var driver = Driver()
    driver.becomeReady()
    driver.end(.signal(9))
    for event in [
      Event.spawned(1, pid: 7), .hello(1), .ready(1), .heartbeat(1), .channelClosed(1, reason: "x"),
      .exited(1, .code(0)), .emptied(1), .spawnFailed(1, reason: "x"),
    ] {
      #expect(driver.handle(event).isEmpty)
      #expect(driver.machine.state == .starting)
    }
  }

  @Test("What could not be spawned is tried again, with the stage that failed")
  func spawnFailed() {
    var driver = Driver()
    let (id, _) = driver.command(.start)
    let reason = "cannot run python4: No such file or directory (stage exec)"
    let actions = driver.handle(.spawnFailed(1, reason: reason))
    #expect(actions.answer(to: id)?.message.contains(reason) == true)
    #expect(driver.machine.state == .backoff)
    #expect(driver.machine.restartsAt.map { $0 - driver.now } == .milliseconds(200))
  }
}
