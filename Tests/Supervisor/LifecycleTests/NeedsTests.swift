import Lifecycle
import Model
import Testing

@Suite("A worker and those on whom it depends")
struct NeedsTests {
  @Test("It waits, says for whom, and starts by itself when they are there")
  func waits() {
    var driver = Driver()
    driver.handle(.needsChanged([.gateway(true), .required("feed", .absent)]))
    let (id, actions) = driver.command(.start)
    #expect(actions.isEmpty)
    #expect(driver.machine.state == .waiting)
    #expect(driver.machine.waitsFor.map(\.words) == ["feed (stopped)"])
    let answer = driver.pass(.seconds(30)).answer(to: id)
    #expect(answer?.reason == "waiting")
    #expect(answer?.message == "waits for feed (stopped), and starts by itself once it can")
    driver.handle(.needsChanged([.gateway(true), .required("feed", .coming, "starting")]))
    #expect(driver.machine.state == .waiting)
    #expect(driver.handle(.needsChanged([.gateway(true), .required("feed", .ready)])).spawned == [1])
    #expect(driver.machine.waitsFor.isEmpty)
  }

  @Test("When what it requires goes, it is stopped, stays wanted, and comes back with it")
  func lost() {
    var driver = Driver()
    driver.handle(.needsChanged([.required("feed", .ready)]))
    driver.becomeReady()
    let actions = driver.handle(.needsChanged([.required("feed", .coming, "stopping")]))
    #expect(actions == [.askToStop(1, within: .seconds(10), reason: "needs feed (stopping)")])
    #expect(driver.machine.state == .stopping)
    let end = driver.end(.code(0))
    #expect(end.end?.expected == true)
    #expect(end.end?.reason == "exited with code 0 (feed is gone)")
    #expect(driver.machine.state == .waiting)
    #expect(driver.machine.isWanted)
    #expect(driver.handle(.needsChanged([.required("feed", .ready)])).spawned == [2])
  }

  @Test("What it is only to come after may go without a word")
  func afterLost() {
    var driver = Driver()
    driver.becomeReady()
    #expect(driver.handle(.needsChanged([.gateway(false)])).isEmpty)
    #expect(driver.machine.state == .ready)
  }

  @Test("A requirement that a running one gains counts at its next start")
  func gained() {
    var driver = Driver()
    driver.becomeReady()
    #expect(driver.handle(.needsChanged([.gateway(true), .required("feed", .absent)])).isEmpty)
    #expect(driver.machine.state == .ready)
    driver.end(.signal(9))
    #expect(driver.machine.state == .waiting)
  }

  @Test("A stop while it waits, or while it ends because of another, is the last word")
  func stopWins() {
    var driver = Driver()
    driver.handle(.needsChanged([.required("feed", .ready)]))
    driver.becomeReady()
    driver.handle(.needsChanged([.required("feed", .absent)]))
    let stop = driver.command(.stop)
    #expect(driver.end(.code(0)).answer(to: stop.id)?.ok == true)
    #expect(driver.machine.state == .stopped)
    #expect(driver.handle(.needsChanged([.required("feed", .ready)])).isEmpty)
    _ = driver.command(.start)
    driver.handle(.needsChanged([.required("feed", .absent)]))
    driver.end(.code(0))
    #expect(driver.machine.state == .waiting)
    #expect(driver.command(.stop).actions.answer(to: CommandID(4))?.ok == true)
    #expect(driver.handle(.needsChanged([.required("feed", .ready)])).isEmpty)
  }

  @Test("A restart while it waits makes one instance")
  func restartWhileWaiting() {
    var driver = Driver(gatewayIsReady: false)
    let start = driver.command(.start).id
    let restart = driver.command(.restart)
    #expect(restart.actions.isEmpty)
    #expect(driver.handle(.needsChanged([.gateway(true)])).spawned == [1])
    driver.handle(.spawned(1, pid: 7))
    driver.handle(.hello(1))
    let ready = driver.handle(.ready(1))
    #expect(ready.answer(to: start)?.ok == true)
    #expect(ready.answer(to: restart.id)?.ok == true)
  }

  @Test("One that others depend on is asked to stop when they have ended, and not before")
  func held() {
    var driver = Driver()
    driver.becomeReady()
    driver.handle(.heldBack(true))
    let (id, actions) = driver.command(.stop)
    #expect(actions.isEmpty)
    #expect(driver.machine.state == .stopping)
    #expect(driver.machine.isHeld)
    #expect(driver.pass(.seconds(60)).isEmpty)
    #expect(
      driver.handle(.heldBack(false)) == [.askToStop(1, within: .seconds(10), reason: "stop")])
    #expect(driver.pass(.seconds(5)) == [.terminate(1)])
    #expect(driver.end(.signal(15)).answer(to: id)?.ok == true)
  }

  @Test("It does not wait for ever with its own end, and ends at once when it dies meanwhile")
  func heldForLong() {
    var driver = Driver()
    driver.becomeReady()
    driver.handle(.heldBack(true))
    _ = driver.command(.stop)
    #expect(driver.pass(.seconds(600)) == [.askToStop(1, within: .seconds(10), reason: "stop")])
    var other = Driver()
    other.becomeReady()
    other.handle(.heldBack(true))
    let stop = other.command(.stop).id
    #expect(other.end(.signal(9)).answer(to: stop)?.ok == true)
    #expect(other.machine.state == .stopped)
  }
}
