import IPC
import Lifecycle
import Model
import NIOCore
import Schedule
import SupervisorStore
import Wire

/// What people ask of schedules: `schedule.list`, `schedule.history`, `schedule.run`.
extension Supervisor {
  private static let historyMax = 1_000

  func listSchedules(_ id: RequestID, _ client: ControlClient) {
    let connection = client.connection
    let since = clock.now.advanced(seconds: -86_400)
    Task {
      let missed = (try? await self.store.missed(since: since)) ?? [:]
      connection.answer(id, self.scheduleList(missed))
    }
  }

  private func scheduleList(_ missed: [String: Int]) -> JSON {
    let all = strategies.filter { $0.slots != nil }.sorted { left, right in
      (left.slots?.nextDue?.nanoseconds ?? .max, left.name) < (
        right.slots?.nextDue?.nanoseconds ?? .max, right.name
      )
    }
    let items = all.compactMap { worker in worker.slots.map { item(worker, $0, missed[worker.name] ?? 0) } }
    var room = ReplyLimit.bytes
    let shown = ReplyLimit.first(of: items, in: &room)
    var reply = JSONObject()
    reply["schedules"] = .array(shown)
    if shown.count < items.count { reply["not_shown"] = .int(items.count - shown.count) }
    return .object(reply)
  }

  private func item(_ worker: Worker, _ book: SlotBook, _ missed: Int) -> JSON {
    [
      "name": .string(worker.name), "definition": .string(book.timetable.trigger.text),
      "timezone": .string(book.timetable.zoneName), "calendar": JSON(book.timetable.calendar?.name),
      "state": .string(worker.lifecycle.state.rawValue), "enabled": .bool(worker.plan.isEnabled),
      "paused": .bool(worker.lifecycle.isPaused), "next": Self.next(book),
      "closes": book.closes.map { .string(Self.slotTime($0)) } ?? .null,
      "last": (book.last ?? worker.lastSlot).map(Self.json) ?? .null, "missed_24h": .int(missed),
      "warning": JSON(book.warning),
    ]
  }

  private static func next(_ book: SlotBook) -> JSON {
    guard let slot = book.nextSlot else { return .null }
    return [
      "utc": .string(slotTime(slot.second)), "local": .string(local(slot.second, offset: slot.offset)),
      "skip": JSON(book.nextSkip),
    ]
  }

  /// `2026-03-08T03:00:00-04:00`.
  private static func local(_ second: Int64, offset: Int64) -> String {
    let minutes = abs(offset) / 60
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return slotTime(second + offset).dropLast()
      + "\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
  }

  /// A row of the history, as the control protocol shows it.
  static func json(_ slot: SlotRecord) -> JSON {
    [
      "id": .int(Int(slot.id)), "name": .string(slot.name), "slot": .string(slotTime(slot.second)),
      "until": slot.until.map { .string(slotTime($0)) } ?? .null, "count": .int(slot.count),
      "trigger": .string(slot.trigger.rawValue), "outcome": .string(slot.outcome.rawValue),
      "reason": JSON(slot.reason), "due": .string(slot.due.description),
      "started": JSON(slot.started?.description), "ended": JSON(slot.ended?.description),
      "run": JSON(slot.run.map { Int($0) }), "lateness_ms": .int(Int(slot.latenessMilliseconds)),
      "exit": JSON(slot.exit),
    ]
  }

  func scheduleHistory(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let name = try params.optionalString("name")
    let limit = min(max(1, try params.optionalInt("limit") ?? 100), Self.historyMax)
    let before = try params.optionalInt("before").map { SlotID($0) }
    var outcome: SlotOutcome?
    if let word = try params.optionalString("outcome") {
      outcome = SlotOutcome(rawValue: word)
      guard outcome != nil else {
        let known = SlotOutcome.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalidParams("outcome must be one of \(known)")
      }
    }
    let connection = client.connection
    Task {
      do {
        let rows = try await self.store.slots(of: name, before: before, outcome: outcome, limit: limit + 1)
        var room = ReplyLimit.bytes
        let shown = ReplyLimit.first(of: rows.prefix(limit).map(Self.json), in: &room)
        connection.answer(id, ["slots": .array(shown), "more": .bool(rows.count > shown.count)])
      } catch {
        connection.reply(to: id, error: RPCError(error))
      }
    }
  }

  /// Runs a strategy now, as a slot of its own.
  func runSchedule(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let name = try params.string("name")
    guard phase != .stopping else { throw .refused("shutting_down", "rbotd is shutting down") }
    let call = CommandBook.Call(client.connection, id, names: [name]) { [weak client] result in
      if let client { self.audit(client, "schedule.run", name, result) }
    }
    guard let worker = workers[name], !worker.isGateway else { return call.put(name, unknown(name)) }
    let command = commands.add(name, call)
    let state = worker.lifecycle.state
    guard var book = worker.slots else {
      let words = "\(name) has no schedule: rbotctl start \(name) runs it"
      return answered(command, Answer(ok: false, reason: "not_scheduled", message: words), state: state)
    }
    let actions = book.handle(.runNow, now: clock.now, ids: &schedules.lastSlot)
    for case .refuse(let reason, let message) in actions {
      return answered(command, Answer(ok: false, reason: reason, message: message), state: state)
    }
    let slot = schedules.lastSlot
    schedules.commands[slot] = command
    carryOut(book, actions, of: worker)
    // It may be hours until its turn comes.
    if book.isWaiting(slot), schedules.commands.removeValue(forKey: slot) != nil {
      answered(command, Answer(ok: true, message: "waits for the slot before it to end"), state: state)
    }
  }

  /// A slot that somebody waits for will not be opened.
  func answerIfOver(_ slot: SlotRecord) {
    guard !slot.outcome.isOpen, let command = schedules.commands.removeValue(forKey: slot.id),
      let worker = workers[slot.name]
    else { return }
    let words = slot.reason ?? slot.outcome.rawValue
    answered(
      command, Answer(ok: false, reason: "slot_\(slot.outcome.rawValue)", message: words),
      state: worker.lifecycle.state)
  }

  /// The nominal time of the slot that a strategy's process runs for; nil: it runs for none.
  func slotTime(of worker: Worker) -> String? {
    worker.slots?.openRecord.map { Self.slotTime($0.second) }
  }

  /// A strategy's part of `status`; null where it has no schedule.
  func schedulePart(_ worker: Worker) -> JSON {
    guard let book = worker.slots else { return .null }
    return [
      "text": .string(book.timetable.trigger.text), "timezone": .string(book.timetable.zoneName),
      "next": Self.next(book), "closes": book.closes.map { .string(Self.slotTime($0)) } ?? .null,
      "last_outcome": JSON((book.last ?? worker.lastSlot)?.outcome.rawValue), "warning": JSON(book.warning),
    ]
  }
}
