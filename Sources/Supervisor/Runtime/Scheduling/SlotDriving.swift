import Lifecycle
import Model
import NIOCore
import Platform
import Schedule
import SupervisorStore
import Wire

/// Events go into a strategy's slot book, and what it says is done.
extension Supervisor {
  func apply(_ event: SlotEvent, to worker: Worker) {
    guard var book = worker.slots else { return }
    let actions = book.handle(event, now: clock.now, ids: &schedules.lastSlot)
    carryOut(book, actions, of: worker)
  }

  func carryOut(_ book: SlotBook, _ actions: [SlotAction], of worker: Worker) {
    worker.slots = book
    for action in actions { perform(action, worker) }
    guard let book = worker.slots else { return }
    if book.isOver {
      worker.slots = nil
      schedules.wakes.set(worker.name, nil)
    } else if schedules.wakes.set(worker.name, book.nextWake) {
      setTimer()
    }
  }

  private func perform(_ action: SlotAction, _ worker: Worker) {
    switch action {
    case .record(let slot, let schedule, let news):
      store.save(slot, schedule)
      answerIfOver(slot)
      if let news { tell(news, slot, worker) }
    case .claim(let slot, let schedule):
      let name = worker.name
      store.claim(slot, schedule) { [self] isTaken in
        later { supervisor in
          guard let worker = supervisor.workers[name] else { return }
          supervisor.apply(isTaken ? .recorded(slot.id) : .refused(slot.id), to: worker)
        }
      }
    case .remember(let schedule): remember(schedule)
    case .open(let slot, let news):
      tell(news, slot, worker)
      let command = schedules.commands.removeValue(forKey: slot.id)
      apply(.slotOpened(slot.id, run: command, isManual: slot.trigger == .manual), to: worker)
    case .close(let id, let ending, let refusesEntries):
      if refusesEntries { refuseEntries(of: worker) }
      let closing: SlotClosing =
        switch ending {
        case .window: .window
        case .replaced: .replaced
        case .changed: .changed
        }
      apply(.slotClosed(id, closing), to: worker)
    case .squareOff(let slot): squareOff(slot, worker)
    case .refuse: break  // see run
    case .alert(let message): log(worker.name, run: worker.run?.id, .supervisor, .critical, message)
    }
  }

  /// The lifecycle's word about an open slot.
  func slotEnded(_ id: SlotID, _ end: SlotEnd, _ worker: Worker) {
    apply(
      .runEnded(
        id, end.outcome, reason: end.reason, exit: Self.exit(of: worker, since: worker.slots?.openRecord)),
      to: worker)
  }

  /// How the last process of that slot ended; nil where there was none.
  private static func exit(of worker: Worker, since slot: SlotRecord?) -> String? {
    guard let run = worker.lastExit, run.id == slot?.run else { return nil }
    if let code = run.exitCode { return ProcessEnd.code(code).description }
    return run.signal.map { ProcessEnd.signal($0).description }
  }

  /// A process is being made for the open slot.
  func slotSpawned(_ worker: Worker, _ run: Int64) {
    guard let id = worker.lifecycle.openSlot, worker.slots?.openRecord?.id == id else { return }
    apply(.spawned(id, run: run), to: worker)
  }

  /// What a worker's machine has come to is news for its book.
  func follow(_ event: Event, _ worker: Worker) {
    guard let book = worker.slots else { return }
    let lifecycle = worker.lifecycle
    if lifecycle.isPaused != book.isPaused { apply(.paused(lifecycle.isPaused), to: worker) }
    if !lifecycle.isWanted, book.disarmed == nil {
      apply(.disarmed(worker.plan.isEnabled ? "stopped" : "disabled"), to: worker)
    } else if lifecycle.isWanted, phase != .stopping {
      var isPersons = false
      if case .command(let command, _) = event, command == .start || command == .restart { isPersons = true }
      if book.disarmed != nil || isPersons { apply(.armed(byPerson: isPersons), to: worker) }
    }
  }

  // MARK: Arming

  /// Makes the books of the daemon's start, once it is known who is wanted.
  func armSchedules() {
    for worker in strategies { arm(worker, isReload: false) }
    // What is left is of strategies that have no schedule any more, or are gone; a manifest that is wrong may come right.
    for name in schedules.memory.schedules.keys.sorted() where broken[name] == nil { closeRows(of: name) }
  }

  /// Nobody goes on with what an earlier daemon left open of that name.
  private func closeRows(of name: String) {
    guard let schedule = schedules.memory.schedules[name] else { return }
    for var slot in schedules.memory.open[name] ?? [] {
      slot.outcome = slot.outcome == .queued ? .stopped : .interrupted
      slot.reason = "rbotd ended, and it has no schedule any more"
      store.save(slot, schedule)
    }
    schedules.memory.forget(name)
    store.scheduleRemoved(name)
  }

  /// Makes a worker's book, if it has a schedule.
  func arm(_ worker: Worker, isReload: Bool) {
    guard let timetable = worker.plan.timetable else { return }
    let name = worker.name
    let disarmed = worker.lifecycle.isWanted ? nil : worker.plan.isEnabled ? "stopped" : "disabled"
    var book = SlotBook(
      name: name, timetable: timetable, disarmed: disarmed, isPaused: worker.lifecycle.isPaused)
    book.claimSeconds = 10 * (clock.rehearsal?.rate ?? 1)
    worker.slots = book
    let past = SlotPast(
      schedule: schedules.memory.schedules[name], open: schedules.memory.open[name] ?? [],
      window: schedules.memory.windows[name])
    worker.lastSlot = schedules.memory.newest[name]
    schedules.memory.forget(name)
    apply(.began(past, boot: schedules.boot, isReload: isReload), to: worker)
  }

  /// A reload has changed a worker's plan.
  func reschedule(_ worker: Worker, from old: Timetable?) {
    let new = worker.plan.timetable
    // One that comes back while it is leaving has a book that is closed.
    guard old != new || worker.slots?.isRetired ?? false else { return }
    if let new {
      if worker.slots == nil { arm(worker, isReload: true) } else { apply(.changed(new), to: worker) }
    } else {
      unschedule(worker)
    }
  }

  /// It has no schedule any more, or is gone.
  func unschedule(_ worker: Worker) {
    guard worker.slots != nil else { return }
    apply(.retired, to: worker)
    schedules.unsaved.removeAll { $0.name == worker.name }
    store.scheduleRemoved(worker.name)
  }

  private func remember(_ schedule: ScheduleRecord) {
    schedules.unsaved.append(schedule)
    guard schedules.unsaved.count == 1 else { return }
    later { supervisor in
      supervisor.store.save(supervisor.schedules.unsaved)
      supervisor.schedules.unsaved = []
    }
  }

  // MARK: The timer

  /// Sets the timer to the earliest time of all, once for all that happens in a turn of the loop.
  private func setTimer() {
    guard !schedules.isTimerDue else { return }
    schedules.isTimerDue = true
    later { $0.setTimerNow() }
  }

  private func setTimerNow() {
    schedules.isTimerDue = false
    guard phase != .stopping else { return }
    if schedules.timer == nil { makeTimer() }
    let first = schedules.wakes.first().map { clock.wall(at: $0).nanoseconds }
    if first != schedules.timer?.moment { schedules.timer?.arm(at: first) }
  }

  private func makeTimer() {
    do throws(SystemError) {
      schedules.timer = try WallTimer { [self] event in
        later { supervisor in
          switch event {
          case .due: supervisor.wakeSchedules()
          case .clockChanged: supervisor.clockChanged()
          }
        }
      }
    } catch {
      say(.critical, "schedules do not run: \(error)")
    }
  }

  /// Everything that is due by now; in pieces, so that others get their turn.
  private func wakeSchedules() {
    guard phase != .stopping else { return }
    let now = clock.now
    let reading = ClockReading.now
    let why = reading.change(since: schedules.clocks) ?? schedules.whyLate ?? "busy"
    schedules.clocks = reading
    var count = 0
    while count < 200, let name = schedules.wakes.take(until: now) {
      count += 1
      if let worker = workers[name] { apply(.woke(because: why), to: worker) }
    }
    if count == 200 { later { $0.wakeSchedules() } } else { schedules.whyLate = nil }
    setTimer()
  }

  private func clockChanged() {
    guard phase != .stopping else { return }
    let reading = ClockReading.now
    if let change = reading.change(since: schedules.clocks) {
      schedules.whyLate = change
      say(.warning, "\(change); schedules go by the clock as it is now")
    }
    schedules.clocks = reading
    let why = schedules.whyLate ?? "busy"
    for worker in strategies where worker.slots != nil { apply(.woke(because: why), to: worker) }
    setTimer()
  }

  /// rbotd shuts down: what is due from now on is for the next one.
  func endSchedules() {
    schedules.timer?.arm(at: nil)
    for worker in strategies { apply(.ending, to: worker) }
  }

  // MARK: Closing positions

  /// Nothing is added while the last orders of a window end.
  private func refuseEntries(of worker: Worker) {
    _ = askGateway(
      "strategy.trading",
      ["strategy": .string(worker.name), "paused": true, "reason": "its window closes"])
  }

  private func squareOff(_ slot: SlotRecord, _ worker: Worker) {
    let name = worker.name
    squareOff(name, reason: "its window closes").assumeIsolated().whenComplete { [self] result in
      assumeIsolated { supervisor in
        guard let worker = supervisor.workers[name], supervisor.phase != .stopping else { return }
        let words: String
        switch result {
        case .success(let answer):
          let (closed, left) = (answer["closed"]?.intValue ?? 0, answer["left"]?.intValue ?? 0)
          words =
            left == 0 ? "squared off, \(closed) closed" : "\(closed) positions closed, \(left) still closing"
        case .failure(let error):
          words = "not squared off: \(error)"
          supervisor.log(name, run: nil, .supervisor, .critical, "its positions are not closed: \(error)")
        }
        supervisor.apply(.squaredOff(slot.id, words), to: worker)
      }
    }
  }
}
