import Lifecycle
import Model
import Testing

@Suite("The life of a worker")
struct LifecycleTests {
  @Test("A start is answered when the worker is ready")
  func start() {
    var driver = Driver()
    let (id, actions) = driver.command(.start)
    #expect(actions == [.spawn(1)])
    #expect(driver.machine.state == .starting)
    driver.handle(.spawned(1, pid: 7))
    driver.handle(.hello(1))
    #expect(driver.handle(.ready(1)).answer(to: id)?.ok == true)
    #expect(driver.machine.state == .ready)
    #expect(driver.machine.pid == 7)
  }

  @Test("An end before ready is a failed start, even with code 0")
  func failedStart() {
    var driver = Driver()
    let (id, _) = driver.command(.start)
    driver.handle(.spawned(1, pid: 7))
    let answer = driver.end(.code(0)).answer(to: id)
    #expect(answer?.reason == "failed")
    #expect(driver.machine.trouble == "exited with code 0 before it was ready")
    #expect(driver.machine.state == .backoff)
  }

  @Test("A ready without a hello counts for nothing")
  func readyWithoutHello() {
    var driver = Driver()
    _ = driver.command(.start)
    driver.handle(.spawned(1, pid: 7))
    driver.handle(.ready(1))
    #expect(driver.machine.state == .starting)
  }

  @Test("A worker that is never ready is killed at the start timeout and tried again later")
  func startTimeout() {
    var driver = Driver()
    _ = driver.command(.start)
    driver.handle(.spawned(1, pid: 7))
    driver.handle(.hello(1))
    #expect(driver.pass(.seconds(29)).isEmpty)
    #expect(driver.pass(.seconds(1)) == [.killAll(1)])
    let end = driver.end(.signal(9)).end
    #expect(end?.reason == "was not ready within 30 s")
    #expect(end?.expected == false)
    #expect(driver.machine.state == .backoff)
  }

  @Test("A plain program in its slot may take its time, and one that says hello has to be ready in time")
  func plainProgramInItsSlot() {
    for speaks in [false, true] {
      var driver = Driver { $0.slots = .oneShot(max: .seconds(600)) }
      _ = driver.command(.start)
      driver.handle(.slotOpened(5, run: nil, isManual: false))
      driver.handle(.spawned(1, pid: 7))
      if speaks { driver.handle(.hello(1)) }
      #expect(driver.pass(.seconds(29)).isEmpty)
      #expect(driver.pass(.seconds(1)) == (speaks ? [.killAll(1)] : []))
      guard !speaks else { continue }
      driver.handle(.channelClosed(1, reason: "closed"))
      #expect(driver.pass(.seconds(569)).isEmpty)
      #expect(driver.pass(.seconds(1)).contains(.terminate(1)), "max_runtime is its bound")
    }
  }

  @Test("The first restart after a healthy run is immediate")
  func immediateRestart() {
    var driver = Driver()
    driver.becomeReady()
    driver.pass(.seconds(5))
    driver.handle(.heartbeat(1))
    #expect(driver.end(.signal(9)).spawned == [2])
    #expect(driver.machine.restarts == 1)
  }

  @Test("Failures that follow each other wait longer each time, up to the limit's end")
  func backoff() {
    var driver = Driver { $0.limit = nil }
    _ = driver.command(.start)
    var delays: [Int64] = []
    for _ in 0..<12 {
      driver.end(.code(1))
      guard let at = driver.machine.restartsAt else { break }
      delays.append((at - driver.now).wholeNanoseconds / 1_000_000)
      driver.pass(at - driver.now)
    }
    #expect(delays == [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000, 60_000])
  }

  @Test("Healthy for long enough, and earlier failures are forgotten")
  func backoffReset() {
    var driver = Driver { $0.limit = nil }
    driver.becomeReady()
    driver.end(.code(1))
    driver.attempt()
    driver.end(.code(1))
    #expect(driver.machine.state == .backoff)
    driver.pass(.milliseconds(200))
    driver.attempt()
    for _ in 0..<60 {
      driver.handle(.heartbeat(driver.machine.generation))
      driver.pass(.seconds(1))
    }
    #expect(driver.end(.code(1)).spawned.count == 1)
  }

  @Test("Too many restarts within the time make it fail, and a start gives it a new chance")
  func startLimit() {
    var driver = Driver()
    _ = driver.command(.start)
    for _ in 0..<5 {
      driver.end(.code(1))
      #expect(driver.machine.state == .backoff)
      driver.pass(.seconds(10))
    }
    driver.end(.code(1))
    #expect(driver.machine.state == .failed)
    #expect(driver.pass(.seconds(3600)).isEmpty)
    #expect(driver.command(.start).actions.spawned == [7])
  }

  @Test("The gateway's policy never gives up")
  func noLimit() {
    var driver = Driver {
      $0.limit = nil
      $0.restart = .always
    }
    _ = driver.command(.start)
    for _ in 0..<1_000 {
      driver.end(.code(1))
      driver.pass(.seconds(60))
    }
    #expect(driver.machine.state == .starting)
    #expect(driver.machine.generation == 1_001)
  }

  @Test("A worker that has ended well is finished, unless it always runs")
  func finished() {
    var driver = Driver()
    driver.becomeReady()
    #expect(driver.end(.code(0)).end?.expected == true)
    #expect(driver.machine.state == .finished)
    var always = Driver { $0.restart = .always }
    always.becomeReady()
    #expect(always.end(.code(0)).spawned == [2])
    var never = Driver { $0.restart = .never }
    never.becomeReady()
    never.end(.code(1))
    #expect(never.machine.state == .failed)
  }

  @Test("A supervisor that did not run itself reads what was said meanwhile before it judges")
  func asleep() {
    var driver = Driver()
    driver.becomeReady()
    // Stopped for a minute, as by a machine that stood still.
    #expect(driver.pass(.seconds(60)) == [])
    #expect(driver.machine.state == .ready)
    driver.handle(.heartbeat(1))
    #expect(driver.pass(.seconds(14)) == [])
    // One that stays silent is found out a beat later.
    #expect(driver.pass(.seconds(60)) == [])
    #expect(driver.pass(.seconds(5)) == [.killAll(1)])
  }

  @Test("Three missed heartbeats are a failure")
  func heartbeats() {
    var driver = Driver()
    driver.becomeReady()
    driver.pass(.seconds(14))
    driver.handle(.heartbeat(1))
    #expect(driver.pass(.seconds(14)).isEmpty)
    #expect(driver.pass(.seconds(1)) == [.killAll(1)])
    #expect(driver.end(.signal(9)).end?.reason == "missed three heartbeats of 5 s")
  }

  @Test("Who was told an interval of heartbeats is held to that one, whatever its manifest says since")
  func heartbeatOfTheGreeting() {
    var driver = Driver()
    driver.becomeReady()
    var policy = driver.machine.policy
    policy.heartbeat = .milliseconds(100)
    driver.handle(.policyChanged(policy))
    #expect(driver.pass(.seconds(14)).isEmpty)
    #expect(driver.pass(.seconds(1)) == [.killAll(1)])
  }

  @Test("A worker that closes its channel and lives on is killed a moment later")
  func channelLost() {
    var driver = Driver()
    driver.becomeReady()
    driver.handle(.channelClosed(1, reason: "sent what is no message"))
    #expect(driver.machine.state == .ready)
    #expect(driver.pass(.seconds(1)) == [.killAll(1)])
    #expect(driver.end(.signal(9)).end?.reason == "lost its control channel: sent what is no message")
  }

  @Test("It waits for the gateway, and starts when that is ready")
  func waiting() {
    var driver = Driver(gatewayIsReady: false)
    let (id, actions) = driver.command(.start)
    #expect(actions.isEmpty)
    #expect(driver.machine.state == .waiting)
    #expect(driver.pass(.seconds(30)).answer(to: id)?.reason == "waiting")
    #expect(driver.command(.restart).actions.isEmpty)
    #expect(driver.handle(.needsChanged([.gateway(true)])) == [.spawn(1)])
  }

  @Test("The loss of the gateway ends no worker, but a restart waits for it")
  func gatewayLost() {
    var driver = Driver()
    driver.becomeReady()
    #expect(driver.handle(.needsChanged([.gateway(false)])).isEmpty)
    #expect(driver.machine.state == .ready)
    driver.end(.code(1))
    #expect(driver.machine.state == .waiting)
    #expect(driver.handle(.needsChanged([.gateway(true)])).spawned == [2])
  }
}
