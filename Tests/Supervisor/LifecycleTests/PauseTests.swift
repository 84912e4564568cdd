import Lifecycle
import Model
import Testing

@Suite("What is shown of a pause is what is in force")
struct PauseTests {
  private func ready() -> Driver {
    var driver = Driver()
    driver.becomeReady()
    return driver
  }

  @Test("It is shown once the gateway has taken it, or is away and will be told first of all")
  func shown() {
    for outcome in [TradingOutcome.confirmed, .gatewayDown] {
      var driver = ready()
      _ = driver.command(.pause)
      #expect(driver.machine.state == .ready)
      driver.handle(.tradingApplied(serial: 1, outcome))
      #expect(driver.machine.state == .paused)
      _ = driver.command(.resume)
      #expect(driver.machine.state == .paused)
      driver.handle(.tradingApplied(serial: 2, outcome))
      #expect(driver.machine.state == .ready)
    }
  }

  @Test("One that the gateway refused is told, and asked for again, ever more slowly, until it is in force")
  func refused() {
    var driver = ready()
    let (id, _) = driver.command(.pause)
    let refusal = driver.handle(.tradingApplied(serial: 1, .refused("no answer in time")))
    #expect(refusal.answer(to: id)?.reason == "gateway_refused")
    let alerts = refusal.compactMap { if case .alert(let text) = $0 { text } else { nil } }
    #expect(alerts.count == 1 && alerts[0].contains("not in force"))
    #expect(driver.machine.state == .ready)
    #expect(driver.machine.pauseNote?.contains("no answer in time") == true)
    #expect(driver.pass(.milliseconds(499)).isEmpty)
    #expect(driver.pass(.milliseconds(1)) == [.applyTrading(serial: 2, paused: true)])
    #expect(driver.pass(.seconds(1)).isEmpty)
    driver.handle(.heartbeat(1))
    #expect(driver.handle(.tradingApplied(serial: 2, .refused("no answer in time"))).isEmpty)
    #expect(driver.pass(.milliseconds(999)).isEmpty)
    #expect(driver.pass(.milliseconds(1)) == [.applyTrading(serial: 3, paused: true)])
    driver.handle(.tradingApplied(serial: 3, .confirmed))
    #expect(driver.machine.state == .paused)
    #expect(driver.machine.pauseNote == nil)
    driver.handle(.heartbeat(1))
    #expect(driver.pass(.seconds(14)).isEmpty)
  }

  @Test("A resume takes the place of a pause that is still tried")
  func superseded() {
    var driver = ready()
    _ = driver.command(.pause)
    driver.handle(.tradingApplied(serial: 1, .refused("no")))
    _ = driver.command(.resume)
    driver.handle(.tradingApplied(serial: 2, .confirmed))
    #expect(driver.machine.pauseNote == nil)
    #expect(driver.pass(.seconds(10)).isEmpty)
    #expect(driver.machine.state == .ready)
  }

  @Test("An answer that comes late does not undo a later one")
  func late() {
    var driver = ready()
    _ = driver.command(.pause)
    _ = driver.command(.resume)
    driver.handle(.tradingApplied(serial: 2, .confirmed))
    driver.handle(.tradingApplied(serial: 1, .confirmed))
    #expect(driver.machine.state == .ready)
  }

  @Test("That it was frozen is told as long as it is paused, also by the next daemon")
  func frozenBefore() {
    var driver = ready()
    _ = driver.command(.freeze)
    driver.handle(.tradingApplied(serial: 1, .confirmed))
    _ = driver.command(.shutdown)
    driver.end(.code(0))
    #expect(driver.machine.wasFrozen)
    var next = Driver()
    next.machine = Lifecycle(name: "grid-bot", policy: next.machine.policy, isPaused: true)
    next.machine.recallFreeze()
    next.becomeReady()
    #expect(next.machine.state == .paused)
    #expect(next.machine.pauseNote?.contains("was frozen") == true)
    _ = next.command(.resume)
    next.handle(.tradingApplied(serial: 1, .confirmed))
    #expect(next.machine.pauseNote == nil)
    #expect(!next.machine.wasFrozen)
  }
}
