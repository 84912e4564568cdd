import Lifecycle
import Model
import Testing

@Suite("Failures, and the way out of them")
struct FailureTests {
  private func failed() -> Driver {
    var driver = Driver { $0.restart = .never }
    driver.becomeReady()
    driver.end(.code(1))
    return driver
  }

  @Test("A failure carries its reason and what to do")
  func wayOut() {
    let driver = failed()
    #expect(driver.machine.state == .failed)
    #expect(driver.machine.trouble == "exited with code 1; its policy is to never restart it")
    #expect(driver.machine.wayOut == "after mending it: rbotctl start grid-bot")
  }

  @Test("A reset forgets failures and says how to start it")
  func reset() {
    var driver = failed()
    let (id, actions) = driver.command(.reset)
    #expect(driver.machine.state == .stopped)
    #expect(!driver.machine.isWanted)
    #expect(driver.machine.trouble == nil)
    #expect(
      actions.answer(to: id)?.message == "its failures are forgotten; rbotctl start grid-bot starts it")
    #expect(driver.command(.start).actions.spawned == [2])
  }

  @Test("A reset of one that has not failed changes nothing and says so")
  func resetOfOthers() {
    var ready = Driver()
    ready.becomeReady()
    let (id, actions) = ready.command(.reset)
    #expect(actions.answer(to: id)?.reason == "not_failed")
    #expect(actions.answer(to: id)?.message.contains("it is ready") == true)
    #expect(ready.machine.state == .ready)
    var backoff = Driver()
    _ = backoff.command(.start)
    backoff.end(.code(1))
    let late = backoff.command(.reset)
    #expect(late.actions.answer(to: late.id)?.message.contains("tried again by itself") == true)
    #expect(backoff.machine.state == .backoff)
  }

  @Test("Exit 78 fails at once with what it said last, before ready and after")
  func configuration() {
    for isReady in [false, true] {
      var driver = Driver()
      let start = driver.command(.start).id
      if isReady { driver.attempt() }
      driver.handle(.exited(1, .code(78)))
      let actions = driver.handle(.emptied(1, lastWords: "strategy.json: no such file"))
      #expect(driver.machine.state == .failed)
      #expect(driver.machine.trouble?.hasSuffix("strategy.json: no such file") == true)
      if !isReady {
        #expect(actions.answer(to: start)?.message.contains("cannot run as it is written") == true)
        #expect(actions.answer(to: start)?.message.contains("rbotctl start grid-bot") == true)
      }
    }
  }

  @Test("Exit 2 of the Python runner fails at once before ready, and is an ordinary failure after it")
  func pythonRunner() {
    var driver = Driver { $0.refusalCode = 2 }
    _ = driver.command(.start)
    driver.end(.code(2))
    #expect(driver.machine.state == .failed)
    var later = Driver { $0.refusalCode = 2 }
    later.becomeReady()
    later.end(.code(2))
    #expect(later.machine.state == .starting)
    var other = Driver()
    _ = other.command(.start)
    other.end(.code(2))
    #expect(other.machine.state == .backoff)
  }

  @Test("A stop of one that then exits 78 is a stop")
  func stopAnd78() {
    var driver = Driver()
    driver.becomeReady()
    _ = driver.command(.stop)
    driver.end(.code(78))
    #expect(driver.machine.state == .stopped)
  }

  @Test("One that is never given up is tried again after a 78 as well")
  func gateway() {
    var driver = Driver {
      $0.limit = nil
      $0.restart = .always
    }
    _ = driver.command(.start)
    driver.end(.code(78))
    #expect(driver.machine.state == .backoff)
  }

  @Test("What the system is short of for a while never makes a worker fail, and is tried ever more rarely")
  func temporary() {
    var driver = Driver()
    _ = driver.command(.start)
    for _ in 0..<40 {
      let generation = driver.machine.generation
      driver.handle(.spawnFailed(generation, reason: "no processes left", isTemporary: true))
      #expect(driver.machine.state == .backoff)
      driver.pass(.seconds(60))
    }
    let generation = driver.machine.generation
    driver.handle(.spawnFailed(generation, reason: "no processes left", isTemporary: true))
    #expect(driver.machine.restartsAt.map { $0 - driver.now } == .seconds(60))
  }

  @Test("A command that is missing is tried up to the start limit: its file system may come back")
  func permanent() {
    var driver = Driver { $0.backoff.max = .seconds(1) }
    _ = driver.command(.start)
    for _ in 0..<5 {
      driver.handle(.spawnFailed(driver.machine.generation, reason: "cannot run it (stage exec)"))
      #expect(driver.machine.state == .backoff)
      driver.pass(.seconds(1))
    }
    driver.handle(.spawnFailed(driver.machine.generation, reason: "cannot run it (stage exec)"))
    #expect(driver.machine.state == .failed)
  }

  @Test("What is not to be had on this machine fails at once, and is tried again when a person says so")
  func final() {
    var driver = Driver()
    _ = driver.command(.start)
    let reason = "sandbox.required: the layer cgroup is not in force"
    driver.handle(.spawnFailed(driver.machine.generation, reason: reason, isFinal: true))
    #expect(driver.machine.state == .failed)
    #expect(driver.machine.trouble == reason)
    _ = driver.command(.start)
    #expect(driver.machine.state == .starting)
  }

  @Test("Starting a paused one is answered as paused")
  func paused() {
    var driver = Driver()
    driver.becomeReady()
    _ = driver.command(.pause)
    driver.handle(.tradingApplied(serial: 1, .confirmed))
    let again = driver.command(.start)
    #expect(again.actions.answer(to: again.id)?.message == "already running, paused, generation 1")
  }
}
