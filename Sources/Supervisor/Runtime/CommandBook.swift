import IPC
import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// Commands on their way: which call of which client waits for which answers.
struct CommandBook {
  /// One call, about one or more strategies.
  final class Call {
    let connection: Connection
    let id: RequestID
    let names: [String]
    var results: [String: JSON] = [:]
    /// What is added to the results, by name.
    var more: [String: [(key: String, value: JSON)]] = [:]
    var isAnswered = false
    let finish: (String) -> Void

    init(_ connection: Connection, _ id: RequestID, names: [String], finish: @escaping (String) -> Void) {
      self.connection = connection
      self.id = id
      self.names = names
      self.finish = finish
    }

    /// Answers when every name has its result.
    func put(_ name: String, _ result: JSON) {
      var fields = result.objectValue ?? JSONObject()
      for field in more[name] ?? [] { fields[field.key] = field.value }
      results[name] = .object(fields)
      if results.count == names.count { answer() }
    }

    func answer() {
      guard !isAnswered else { return }
      isAnswered = true
      let ordered = names.compactMap { results[$0] }
      var room = ReplyLimit.bytes
      var shown = ReplyLimit.first(of: ordered, in: &room)
      if shown.count < ordered.count {
        // Not all can be told: then first what failed.
        room = ReplyLimit.bytes
        shown = ReplyLimit.first(
          of: ordered.filter { $0["ok"] == false } + ordered.filter { $0["ok"] != false }, in: &room)
      }
      connection.answer(
        id,
        shown.count == ordered.count
          ? ["results": .array(shown)]
          : ["results": .array(shown), "not_shown": .int(ordered.count - shown.count)])
      let failed = ordered.filter { $0["ok"] == false }.compactMap { $0["reason"]?.stringValue }
      finish(failed.isEmpty ? "ok" : failed.joined(separator: " "))
    }
  }

  private var last: UInt64 = 0
  private var open: [CommandID: (name: String, call: Call?)] = [:]
  /// Answers that wait for the disk.
  private var held: [CommandID: Held] = [:]

  struct Held {
    let name: String
    let call: Call
    let answer: Answer
    let state: WorkerState
  }

  mutating func add(_ name: String, _ call: Call?) -> CommandID {
    last += 1
    let id = CommandID(last)
    open[id] = (name, call)
    return id
  }

  mutating func take(_ id: CommandID) -> (name: String, call: Call?)? { open.removeValue(forKey: id) }

  mutating func hold(_ id: CommandID, _ name: String, _ call: Call, _ answer: Answer, _ state: WorkerState) {
    held[id] = Held(name: name, call: call, answer: answer, state: state)
  }

  mutating func release(_ id: CommandID) -> Held? { held.removeValue(forKey: id) }

  /// The client is gone: its commands go on, and nobody hears of it.
  mutating func forget(_ connection: Connection) {
    for (id, entry) in open where entry.call?.connection === connection { open[id]?.call = nil }
    held = held.filter { $0.value.call.connection !== connection }
  }
}

extension Supervisor {
  func command(_ command: Command, _ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError)
  {
    var command = command
    if command == .pause, try params.optionalBool("freeze") ?? false { command = .freeze }
    let names = try names(params)
    let waits = try params.optionalBool("wait") ?? true
    let method = command == .freeze ? "strategy.pause (freeze)" : "strategy.\(command.rawValue)"
    let call = CommandBook.Call(client.connection, id, names: names) { result in
      self.audit(client, method, names.joined(separator: " "), result)
    }
    if names.isEmpty { return call.answer() }
    // Who depends on others ends before them and starts after them; the answers keep the order of the question.
    let isStart = command == .start
    for name in isStart ? dependencies.order(names) : dependencies.stopOrder(names) {
      guard let worker = workers[name], !worker.isGateway else {
        call.put(name, unknown(name))
        continue
      }
      if command == .start || command == .restart, phase != .stopping { pullIn(for: name) }
      if command == .stop { call.more[name] = consequences(ofStopping: worker) }
      let id = commands.add(name, waits ? call : nil)
      apply(.command(command, id), to: worker)
      if !waits {
        call.put(name, Self.result(name, .init(ok: true, message: "asked"), worker.lifecycle.state))
      }
    }
  }

  /// What a person who stops it should know.
  private func consequences(ofStopping worker: Worker) -> [(key: String, value: JSON)] {
    var ended: Set<String> = []
    var open = [worker.name]
    while let name = open.popLast() {
      for other in dependencies.dependents(of: name)
      where dependencies.requires(other, name) && workers[other]?.lifecycle.state.isLive == true
        && ended.insert(other).inserted
      {
        open.append(other)
      }
    }
    return [
      ("on_exit", .string(worker.plan.onExit)), ("also_ends", .array(ended.sorted().map(JSON.string))),
    ]
  }

  private func names(_ params: JSON) throws(RPCError) -> [String] {
    if try params.optionalBool("all") == true { return strategies.map(\.name) }
    guard let names = try params.optionalStrings("names"), !names.isEmpty else {
      throw .invalidParams("names must be an array of strategies, or all must be true")
    }
    guard names.count <= 10_000 else { throw .invalidParams("names must hold at most 10000") }
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  func unknown(_ name: String) -> JSON {
    if let issue = broken[name]?.first {
      return [
        "name": .string(name), "ok": false, "state": .null, "reason": "manifest_invalid",
        "message": .string("its manifest is wrong: \(issue.words); after mending it: rbotctl reload"),
      ]
    }
    let known = strategies.map(\.name)
    let hint = known.isEmpty ? "there is none" : "there are \(known.prefix(20).joined(separator: ", "))"
    return [
      "name": .string(name), "ok": false, "state": .null, "reason": "unknown_strategy",
      "message": .string("there is no strategy \(name); \(hint)"),
    ]
  }

  /// Tells what a command came to once it is on the disk: who has read "stopped" finds it stopped, whatever happens
  /// to us a moment later. Where the disk takes nothing, he is told that instead.
  func answered(_ id: CommandID, _ answer: Answer, state: WorkerState) {
    guard let (name, call) = commands.take(id), let call else { return }
    guard answer.ok else { return call.put(name, Self.result(name, answer, state)) }
    commands.hold(id, name, call, answer, state)
    let late = loop.assumeIsolated().scheduleTask(in: Self.savingMax) { [self] in
      assumeIsolated { $0.tell(id, isSaved: false) }
    }
    store.whenSaved { [self] in
      later {
        late.cancel()
        $0.tell(id, isSaved: true)
      }
    }
  }

  private func tell(_ id: CommandID, isSaved: Bool) {
    guard let held = commands.release(id) else { return }
    let warning = isSaved ? "" : "; the database does not take that yet, so it would not outlive rbotd"
    let answer = Answer(ok: true, message: held.answer.message + warning)
    held.call.put(held.name, Self.result(held.name, answer, held.state))
  }

  /// How long an answer waits for the disk.
  private static let savingMax = TimeAmount.seconds(2)

  private static func result(_ name: String, _ answer: Answer, _ state: WorkerState) -> JSON {
    [
      "name": .string(name), "ok": .bool(answer.ok), "state": .string(state.rawValue),
      "reason": JSON(answer.reason),
      "message": .string(answer.message),
    ]
  }

  func audit(_ client: ControlClient, _ command: String, _ subject: String, _ result: String) {
    let peer = client.credentials
    let person = client.person
    store.save(
      AuditRecord(
        time: WallClock.now, uid: peer.uid, pid: peer.pid,
        command: person.map { "\(command) (\($0))" } ?? command, subject: subject, result: result))
    let who = person.map { "\($0) over HTTP" } ?? "user \(peer.uid), process \(peer.pid)"
    say(.info, "\(command) \(subject) by \(who): \(result)")
  }
}
