import IPC
import Lifecycle
import Model
import NIOCore
import SupervisorStore
import Wire

/// What workers and the gateway say on their control channels.
extension Supervisor {
  func received(_ frame: Frame, from peer: WorkerPeer, on connection: Connection) {
    guard let worker = workers[peer.name] else { return }
    worker.messages += 1
    // The frequent ones first, and without a tree.
    if frame.methodIs("log") { return logged(frame, peer, worker) }
    if frame.methodIs("metric") { return measured(frame, peer, worker) }
    if frame.methodIs("heartbeat") { return beat(frame, peer, worker) }
    guard worker.lifecycle.liveGeneration == peer.generation else { return }
    if case .request(let id) = frame.kind {
      if frame.methodIs("hello") {
        greet(frame, id, worker, connection)
      } else if !worker.saidHello {
        connection.reply(to: id, error: .helloRequired)
        connection.close()
      } else if worker.isGateway {
        askedByGateway(frame, id, worker, connection)
      } else {
        connection.reply(to: id, error: .unknownMethod(frame.method))
      }
      return
    }
    guard worker.saidHello else {
      connection.reply(to: nil, error: .helloRequired)
      connection.close()
      return
    }
    notified(frame, peer, worker)
  }

  private func notified(_ frame: Frame, _ peer: WorkerPeer, _ worker: Worker) {
    switch frame.method {
    case "ready":
      if worker.isGateway { gatewayLink.about = frame.params() }
      worker.run?.ready = WallClock.now
      apply(.ready(peer.generation), to: worker)
      if let run = worker.run { store.save(run) }
      if worker.isGateway { gatewayReady(worker) }
    case "status":
      worker.statusText = frame.params()["text"]?.stringValue.map { Self.oneLine($0) }
    case "metrics":
      let (samples, malformed) = frame.withBody { MetricSample.list(params: $0) }
      for sample in samples { metrics.append(sample, source: peer.name) }
      worker.ignored += malformed
    case "event" where worker.isGateway:
      events.offer(frame.params())
    default:
      worker.ignored += 1
    }
  }

  private func logged(_ frame: Frame, _ peer: WorkerPeer, _ worker: Worker) {
    guard worker.saidHello || worker.lifecycle.liveGeneration != peer.generation else {
      worker.ignored += 1
      return
    }
    guard let record = frame.withBody({ LogRecord(params: $0) }) else {
      worker.ignored += 1
      return
    }
    guard admit(record.message.utf8.count + (record.fieldsJSON?.utf8.count ?? 0), worker) else { return }
    worker.lines += 1
    log(
      peer.name, run: peer.run, .log, Severity(record.level), record.message, fieldsJSON: record.fieldsJSON,
      time: record.time)
  }

  private func measured(_ frame: Frame, _ peer: WorkerPeer, _ worker: Worker) {
    guard let sample = frame.withBody({ MetricSample(params: $0) }) else {
      worker.ignored += 1
      return
    }
    metrics.append(sample, source: peer.name)
  }

  private func beat(_ frame: Frame, _ peer: WorkerPeer, _ worker: Worker) {
    guard worker.lifecycle.liveGeneration == peer.generation else { return }
    if let beat = frame.withBody({ Heartbeat(params: $0) }) {
      worker.progress = beat.progress
      judge(beat, of: worker, peer.generation)
    }
    // There are hundreds a second, and nothing follows from one: it only moves the deadline on, and the timer that is
    // set already finds that out.
    _ = worker.lifecycle.handle(.heartbeat(peer.generation), now: .now, using: &random)
  }

  private func greet(_ frame: Frame, _ id: RequestID, _ worker: Worker, _ connection: Connection) {
    guard !worker.saidHello else {
      connection.reply(to: id, error: .invalidRequest("hello was said already"))
      return
    }
    let version: Int
    do throws(RPCError) {
      version = try Hello(frame.params()).agreedVersion()
    } catch {
      connection.reply(to: id, error: error)
      connection.close()
      return
    }
    worker.saidHello = true
    worker.connection = connection
    connection.reply(to: id, result: worker.isGateway ? gatewayGreeting(version) : greeting(worker, version))
    if let generation = worker.lifecycle.liveGeneration {
      apply(.hello(generation), to: worker)
      // Asked to stop between its start and its hello: it gets the word now.
      if worker.lifecycle.state == .stopping, !worker.lifecycle.isHeld {
        let time = worker.plan.policy.stopTimeout.wholeNanoseconds / 1_000_000
        worker.tell("stop", ["deadline_ms": .int(time), "reason": "stop"])
      }
    }
  }

  private func greeting(_ worker: Worker, _ version: Int) -> JSON {
    [
      "protocol": .int(version), "strategy": .string(worker.name),
      "generation": .int(worker.lifecycle.generation), "paused": .bool(worker.lifecycle.isPaused),
      "params": worker.plan.params,
      "heartbeat_ms": .int(worker.plan.policy.heartbeat.wholeNanoseconds / 1_000_000),
      "gateway": ["up": .bool(gatewayLink.isUp)],
      "slot": JSON(slotTime(of: worker)),
      "limits": Hello.limits,
    ]
  }

  func channelClosed(of peer: WorkerPeer, _ reason: CloseReason) {
    guard let worker = workers[peer.name], worker.lifecycle.liveGeneration == peer.generation else { return }
    worker.connection = nil
    if reason != .peer {
      log(peer.name, run: peer.run, .supervisor, .error, "its control channel was closed: \(reason)")
    }
    if worker.isGateway { gatewayGone() }
    apply(.channelClosed(peer.generation, reason: reason.description), to: worker)
  }

  static func oneLine(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
  }
}
