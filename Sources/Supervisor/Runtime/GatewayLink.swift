import Config
import IPC
import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// What is known of the gateway.
struct GatewayLink {
  /// It is ready and its channel is open.
  var isUp = false
  /// What it said of itself when it was ready: `listen`, `feed`, `mode`.
  var about = JSON.null
  /// The feed was told to begin; it is not held again after that.
  var feedStarted = false
  /// `worker.gone` that no gateway has confirmed yet, by strategy: the last one of each.
  var missed: [String: JSON] = [:]
  /// Pauses and resumes that wait for the end of a gateway that cannot be told any more.
  var unheard: [(name: String, serial: Int)] = []
}

extension Supervisor {
  var gateway: Worker? { workers[Worker.gatewayName] }

  /// The reply to the gateway's hello: it knows of every live worker before it is ready, so no token that was
  /// given out while it was away is unknown to it, and no paused strategy can trade for a moment.
  func gatewayGreeting(_ version: Int) -> JSON {
    let live = strategies.compactMap(registration)
    return [
      "protocol": .int(version),
      "heartbeat_ms": .int(options.settings.gateway.heartbeat.wholeNanoseconds / 1_000_000),
      "hold_feed": .bool(!gatewayLink.feedStarted), "workers": .array(live), "limits": Hello.limits,
    ]
  }

  private func registration(_ worker: Worker) -> JSON? {
    guard let process = worker.process, let hash = worker.tokenHash,
      let generation = worker.lifecycle.liveGeneration
    else { return nil }
    return [
      "strategy": .string(worker.name), "generation": .int(generation), "pid": .int(process.pid),
      "uid": .int(worker.user ?? PeerCredentials.ownUser), "token_hash": .string(hash),
      "paused": .bool(worker.lifecycle.isPaused), "capabilities": worker.plan.capabilities,
    ]
  }

  /// The gateway's channel, once it has said hello: from then on it is told everything, ready or not.
  private var channel: Connection? { gateway.flatMap { $0.saidHello ? $0.connection : nil } }

  /// It reads its certificate again.
  func tellGatewayToReload() { channel?.send(notification: "reload", [:]) }

  func register(_ worker: Worker) {
    guard let channel, let params = registration(worker) else { return }
    let name = worker.name
    channel.request("worker.started", params).assumeIsolated().whenFailure { [self] error in
      assumeIsolated { $0.log(name, run: nil, .supervisor, .error, "the gateway did not take it: \(error)") }
    }
  }

  func workerGone(_ worker: Worker, _ generation: Generation) {
    let params: JSON = [
      "strategy": .string(worker.name), "generation": .int(generation), "policy": .string(worker.plan.onExit),
    ]
    // Kept until it is confirmed: a gateway that dies with it unread must not lose the exit policy.
    gatewayLink.missed[worker.name] = params
    sendGone(worker.name, params)
  }

  private func sendGone(_ name: String, _ params: JSON) {
    channel?.request("worker.gone", params).assumeIsolated().whenComplete { [self] result in
      assumeIsolated { supervisor in
        switch result {
        case .success:
          // A later generation's is another one.
          if supervisor.gatewayLink.missed[name]?["generation"] == params["generation"] {
            supervisor.gatewayLink.missed[name] = nil
          }
        case .failure(let error):
          supervisor.log(
            name, run: nil, .supervisor, .warning,
            "the gateway did not see it off, and is asked again when it is next ready: \(error)")
        }
      }
    }
  }

  func applyTrading(_ worker: Worker, _ serial: Int, _ paused: Bool) {
    let name = worker.name
    guard let channel else { return awaitGatewayEnd(name, serial) }
    let params: JSON = [
      "strategy": .string(name), "paused": .bool(paused),
      "reason": .string(paused ? "paused by a person" : "resumed"),
    ]
    channel.request("strategy.trading", params, timeout: Self.answerTime).assumeIsolated().whenComplete {
      [self] result in
      let outcome: TradingOutcome? =
        switch result {
        case .success: .confirmed
        case .failure(let error as RPCError) where error.reason == "connection_closed": nil
        case .failure(let error): .refused("the gateway: \(error)")
        }
      assumeIsolated { supervisor in
        guard let outcome else { return supervisor.awaitGatewayEnd(name, serial) }
        supervisor.apply(.tradingApplied(serial: serial, outcome), to: name)
      }
    }
  }

  /// The gateway cannot be told. Where it is gone, or has not said hello yet, it is told before it admits an order; one
  /// that has lost its channel and lives may go on admitting them until it is gone, which is seen to.
  private func awaitGatewayEnd(_ name: String, _ serial: Int) {
    guard let gateway, gateway.process != nil, gateway.saidHello else {
      later { $0.apply(.tradingApplied(serial: serial, .gatewayDown), to: name) }
      return
    }
    gatewayLink.unheard.append((name, serial))
    loop.assumeIsolated().scheduleTask(in: Self.answerTime) { [self] in
      assumeIsolated { supervisor in
        let before = supervisor.gatewayLink.unheard.count
        supervisor.gatewayLink.unheard.removeAll { $0 == (name, serial) }
        guard supervisor.gatewayLink.unheard.count < before else { return }
        let why = "the gateway has lost its channel and does not end"
        supervisor.apply(.tradingApplied(serial: serial, .refused(why)), to: name)
      }
    }
  }

  /// Nothing of a gateway is left that could admit an order.
  func tellUnheard() {
    let unheard = gatewayLink.unheard
    gatewayLink.unheard = []
    for item in unheard {
      later { $0.apply(.tradingApplied(serial: item.serial, .gatewayDown), to: item.name) }
    }
  }

  /// How long the gateway may take for an answer: a person waits for it.
  private static let answerTime = TimeAmount.seconds(4)

  func gatewayReady(_ gateway: Worker) {
    guard gateway.lifecycle.state == .ready, !gatewayLink.isUp else { return }
    gatewayLink.isUp = true
    if !events.isEmpty { tellFollowing() }
    refuseToRehearse(in: gatewayLink.about["mode"]?.stringValue)
    for (name, params) in gatewayLink.missed { sendGone(name, params) }
    repeatSquareOffs()
    for worker in strategies {
      // The pause of one that doesn't run is not in the greeting.
      if worker.lifecycle.isPaused, worker.process == nil { tellPause(worker) }
      worker.tell("gateway", ["up": true])
    }
    refresh(around: Worker.gatewayName)
    sendScheduleEvents()
    warnOfForsaken()
    startFeedWhenSettled()
    report()
  }

  /// Has the gateway send its events while somebody follows them, and only then: at the pace of a busy desk they cost
  /// both processes more than the orders do.
  func tellFollowing() {
    guard gatewayLink.isUp else { return }
    channel?.send(notification: "events.follow", ["on": .bool(!events.isEmpty)])
  }

  private func tellPause(_ worker: Worker) {
    _ = channel?.request(
      "strategy.trading",
      ["strategy": .string(worker.name), "paused": true, "reason": "paused by a person"])
  }

  func gatewayGone() {
    guard gatewayLink.isUp else { return }
    gatewayLink.isUp = false
    for worker in strategies { worker.tell("gateway", ["up": false]) }
    refresh(around: Worker.gatewayName)
  }

  /// A gateway that says it cannot run as it is configured, before it ever could, ends the daemon: whoever started
  /// it must hear why at once. One that has run is started again; its port or file may come back.
  func gatewayEnded(_ gateway: Worker, _ end: RunEnd) {
    tellUnheard()
    guard end.status == .code(Self.cannotRunAsConfigured), gatewayLink.about.isNull else { return }
    failure = Refusal(
      "gateway_configuration", gateway.complaint ?? "the gateway cannot run as it is configured")
    later { $0.shutDown("the gateway cannot run as it is configured") }
  }

  /// EX_CONFIG of sysexits.h, the gateway's word for it.
  private static let cannotRunAsConfigured = 78

  func gatewayChanged(_ gateway: Worker) {
    if gateway.lifecycle.state != .ready { gatewayGone() }
  }

  /// A replay holds its first quote until everyone who wants it is there, or has shown that he will not be.
  func startFeedWhenSettled() {
    guard gatewayLink.isUp, !gatewayLink.feedStarted, phase != .stopping, let channel,
      strategies.allSatisfy(\.isSettled)
    else { return }
    gatewayLink.feedStarted = true
    channel.request("feed.start").assumeIsolated().whenFailure { [self] error in
      assumeIsolated { supervisor in
        supervisor.gatewayLink.feedStarted = false
        supervisor.say(.error, "the gateway did not start the feed: \(error)")
      }
    }
  }

  /// Passes a question of a control client on.
  func askGateway(_ method: String, _ params: JSON, timeout: TimeAmount = .seconds(4)) -> EventLoopFuture<
    JSON
  > {
    guard gatewayLink.isUp, let channel else {
      return loop.makeFailedFuture(
        RPCError.refused("gateway_down", "the gateway is not ready; \"rbotctl status\" shows why"))
    }
    return channel.request(method, params, timeout: timeout)
  }
}
