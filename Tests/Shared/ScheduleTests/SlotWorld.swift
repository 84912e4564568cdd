import Model

@testable import Schedule

/// Numbers that are the same for the same seed (SplitMix64).
struct SlotRandom: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

/// A slot book with a disk and a worker around it, as the driver puts them together. The test moves the clock, holds
/// the disk up and pulls the plug; what must always hold is looked at after everything.
struct SlotWorld {
  enum Write {
    case row(SlotRecord, ScheduleRecord)
    case claim(SlotRecord, ScheduleRecord)
    case schedule(ScheduleRecord)
  }

  var book: SlotBook
  var now: Timestamp
  var ids: SlotID = 0
  var boot = "first"
  // The disk, and what is on its way there.
  var rows: [SlotID: SlotRecord] = [:]
  /// The seconds of those rows that are of a schedule, and the numbers of those that are open.
  private var seconds: Set<Int64> = []
  private(set) var openRows: Set<SlotID> = []
  var schedule: ScheduleRecord?
  var waiting: [Write] = []
  var isDiskHeld = false
  // The worker.
  var running: SlotID?
  var isClosing = false
  // What has been seen.
  var opened: [Int64: Int] = [:]
  var news: [(SlotNews?, SlotRecord)] = []
  var alerts: [String] = []
  var refusals: [String] = []
  var squareOffs: [SlotID] = []
  var fault: String?

  init(_ timetable: Timetable, at now: Timestamp) {
    book = SlotBook(name: "grid-bot", timetable: timetable)
    self.now = now
    send(.began(SlotPast(), boot: boot))
  }

  mutating func fail(_ what: String) { if fault == nil { fault = "\(now): \(what)" } }

  mutating func send(_ event: SlotEvent) {
    let actions = book.handle(event, now: now, ids: &ids)
    for action in actions { perform(action) }
    if !isDiskHeld { write(.max) }
  }

  /// Lets time pass, looking at the clock as often as the book wants it.
  mutating func pass(_ seconds: Int64, _ why: String = "busy") {
    let end = now.advanced(seconds: seconds)
    var idle = 0
    while let wake = book.nextWake, wake <= end {
      idle = wake < now ? idle + 1 : 0
      if idle > 100 { return fail("it wakes up again and again for nothing") }
      now = max(now, wake)
      send(.woke(because: why))
    }
    now = end
  }

  /// The clock is set, or the machine sleeps: nobody looks at it on the way.
  mutating func jump(_ seconds: Int64, _ why: String = "the clock jumped forward") {
    now = now.advanced(seconds: seconds)
    send(.woke(because: why))
  }

  private mutating func perform(_ action: SlotAction) {
    switch action {
    case .record(let row, let schedule, let news):
      waiting.append(.row(row, schedule))
      self.news.append((news, row))
    case .claim(let row, let schedule): waiting.append(.claim(row, schedule))
    case .remember(let schedule): waiting.append(.schedule(schedule))
    case .open(let row, let news):
      self.news.append((news, row))
      open(row)
    case .close(let id, _, _):
      if running == id { isClosing = true } else { fail("slot \(id) is closed, and not open") }
    case .squareOff(let row):
      if running == row.id { fail("positions are closed while it runs") }
      squareOffs.append(row.id)
    case .refuse(let word, _): refusals.append(word)
    case .alert(let text): alerts.append(text)
    }
  }

  private mutating func open(_ row: SlotRecord) {
    if running != nil { fail("two slots are open") }
    if rows[row.id]?.outcome != .running { fail("slot \(row.id) is opened, and not on the disk") }
    if row.trigger == .cron {
      opened[row.second, default: 0] += 1
      if opened[row.second] != 1 { fail("the slot of \(row.second) is opened a second time") }
    }
    running = row.id
    isClosing = false
  }

  /// The disk takes so many of what waits, and says so.
  mutating func write(_ count: Int, tells: Bool = true) {
    for _ in 0..<count {
      guard !waiting.isEmpty else { return }
      let answer = store(waiting.removeFirst())
      if tells, let answer { send(answer) }
    }
  }

  private mutating func store(_ write: Write) -> SlotEvent? {
    switch write {
    case .row(let row, let schedule):
      _ = insert(row)
      self.schedule = schedule
      return nil
    case .claim(let row, let schedule):
      self.schedule = schedule
      return insert(row) ? .recorded(row.id) : .refused(row.id)
    case .schedule(let schedule):
      self.schedule = schedule
      return nil
    }
  }

  /// As the table's unique index has it.
  private mutating func insert(_ row: SlotRecord) -> Bool {
    if rows[row.id] == nil, row.trigger != .manual, !seconds.insert(row.second).inserted { return false }
    rows[row.id] = row
    if row.outcome.isOpen { openRows.insert(row.id) } else { openRows.remove(row.id) }
    return true
  }

  mutating func end(_ outcome: SlotOutcome) {
    guard let id = running else { return }
    running = nil
    send(.runEnded(id, outcome, reason: "exited"))
  }

  /// The machine, or rbotd, dies at once: of what was on its way some has reached the disk.
  mutating func crash(keeping count: Int, away seconds: Int64 = 0) {
    write(min(count, waiting.count), tells: false)
    waiting = []
    running = nil
    isClosing = false
    now = now.advanced(seconds: seconds)
    ids = rows.keys.max() ?? 0
    let old = book
    book = SlotBook(
      name: old.name, timetable: old.timetable, disarmed: old.disarmed, isPaused: old.isPaused)
    begin()
  }

  /// rbotd is told to stop, and comes back.
  mutating func restart(away seconds: Int64) {
    send(.ending)
    end(.stopped)
    crash(keeping: .max, away: seconds)
  }

  private mutating func begin() {
    let sorted = rows.values.sorted { $0.id < $1.id }
    let past = SlotPast(
      schedule: schedule, open: sorted.filter(\.outcome.isOpen), window: sorted.last { $0.trigger == .window }
    )
    send(.began(past, boot: boot))
  }

  /// Rows of the disk in their order, as `outcome` and the start of the reason.
  var history: [String] {
    rows.values.sorted { $0.id < $1.id }.map { row in
      let count = row.count > 1 ? " ×\(row.count)" : ""
      return "\(row.second.clock) \(row.outcome.rawValue)\(count)" + (row.reason.map { ": \($0)" } ?? "")
    }
  }
}

extension Int64 {
  /// `09:30`, with seconds where there are any.
  var clock: String {
    let time = Timestamp(second: self).description.dropFirst(11).prefix(8)
    return time.hasSuffix(":00") ? String(time.prefix(5)) : String(time)
  }
}
