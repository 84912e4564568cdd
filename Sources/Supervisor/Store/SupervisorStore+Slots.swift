import GRDB
public import Model
public import Storage

extension SupervisorStore {
  /// What an earlier daemon left of all schedules.
  public struct ScheduleMemory: Sendable {
    public var schedules: [String: ScheduleRecord] = [:]
    /// Rows that say `running` or `queued`, by strategy, oldest first.
    public var open: [String: [SlotRecord]] = [:]
    /// The newest row of each strategy.
    public var newest: [String: SlotRecord] = [:]
    /// The newest row of a window of each strategy.
    public var windows: [String: SlotRecord] = [:]
    /// The highest number of a row.
    public var lastSlot: SlotID = 0

    public init() {}

    /// What was left of that strategy has been taken over.
    public mutating func forget(_ name: String) {
      schedules[name] = nil
      open[name] = nil
      windows[name] = nil
    }
  }

  /// The newest so many rows of each strategy are kept, however old they are.
  public static let slotsKept = 1_000
  /// Not more of a strategy are kept, however young they are.
  public static let slotsMax = 50_000

  /// Records a decision, and how far its schedule has come with it.
  public func save(_ slot: SlotRecord, _ schedule: ScheduleRecord) { state.append(.slot(slot, schedule)) }

  /// The same as the condition of a start: `tell` is called from the writer's thread once it is on the disk, with
  /// false where another row of the same slot has been there before. Never where the disk takes no more.
  public func claim(
    _ slot: SlotRecord, _ schedule: ScheduleRecord, tell: @escaping @Sendable (Bool) -> Void
  ) {
    state.append(.claim(slot, schedule, SlotClaim(tell)))
  }

  /// Records schedules about which nothing else is new, all at once.
  public func save(_ schedules: [ScheduleRecord]) {
    if !schedules.isEmpty { state.append(.schedules(schedules)) }
  }

  /// The strategy has no schedule any more: should it have one again, that owes nothing for the past.
  public func scheduleRemoved(_ name: String) { state.append(.scheduleRemoved(name)) }

  static func schedules(_ database: Database) throws -> ScheduleMemory {
    var memory = ScheduleMemory()
    for row in try Row.fetchAll(database, sql: "SELECT name, definition, decided_s, boot_id FROM schedules") {
      let record = ScheduleRecord(name: row[0], definition: row[1], decided: row[2], boot: row[3])
      memory.schedules[record.name] = record
    }
    memory.lastSlot = try SlotID.fetchOne(database, sql: "SELECT max(id) FROM slots") ?? 0
    for record in try rows(database, "WHERE outcome IN ('running', 'queued') ORDER BY id") {
      memory.open[record.name, default: []].append(record)
    }
    for record in try rows(database, "WHERE id IN (SELECT max(id) FROM slots GROUP BY name)") {
      memory.newest[record.name] = record
    }
    let windows = "SELECT max(id) FROM slots WHERE trigger = 'window' GROUP BY name"
    for record in try rows(database, "WHERE id IN (\(windows))") { memory.windows[record.name] = record }
    return memory
  }

  private static func rows(
    _ database: Database, _ clause: String, _ arguments: StatementArguments = []
  ) throws -> [SlotRecord] {
    try Row.fetchAll(database, sql: "SELECT \(SlotRecord.columns) FROM slots \(clause)", arguments: arguments)
      .compactMap(SlotRecord.init)
  }

  /// Rows of the history, newest first.
  ///
  /// - Parameters:
  ///   - name: A strategy; nil: all.
  ///   - before: Only rows with a smaller number.
  ///   - outcome: Only rows that came to that.
  public func slots(
    of name: String?, before: SlotID?, outcome: SlotOutcome?, limit: Int
  ) async throws(StorageError) -> [SlotRecord] {
    var conditions: [String] = []
    var arguments: StatementArguments = []
    func require(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
      guard let value else { return }
      conditions.append(condition)
      arguments += [value]
    }
    require("name = ?", name)
    require("id < ?", before)
    require("outcome = ?", outcome?.rawValue)
    let clause = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    arguments += [limit]
    let all = arguments
    do {
      return try await pool.read { try Self.rows($0, "\(clause) ORDER BY id DESC LIMIT ?", all) }
    } catch {
      throw StorageError(error, path: pool.path)
    }
  }

  /// How many slots of each strategy were missed since then.
  public func missed(since time: Timestamp) async throws(StorageError) -> [String: Int] {
    do {
      return try await pool.read { database in
        let rows = try Row.fetchAll(
          database,
          sql: "SELECT name, sum(count) FROM slots WHERE outcome = 'missed' AND decided_ns > ? GROUP BY name",
          arguments: [time.nanoseconds])
        return Dictionary(rows.map { ($0[0] as String, $0[1] as Int) }) { first, _ in first }
      }
    } catch {
      throw StorageError(error, path: pool.path)
    }
  }

  /// Deletes rows that are too old or too many, a strategy and a few thousand rows at a time.
  func pruneSlots(before bound: Int64) {
    let crowded = try? pool.read { database in
      try String.fetchAll(
        database, sql: "SELECT name FROM slots GROUP BY name HAVING count(*) > ?", arguments: [Self.slotsKept]
      )
    }
    for name in crowded ?? [] {
      while let deleted = try? pool.write({ database in
        try database.execute(
          sql: """
            DELETE FROM slots WHERE id IN (
              SELECT id FROM slots WHERE name = ?1 AND outcome NOT IN ('running', 'queued')
                AND id <= (SELECT id FROM slots WHERE name = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
                AND (decided_ns < ?3
                  OR id <= (SELECT id FROM slots WHERE name = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?4))
              LIMIT 5000)
            """, arguments: [name, Self.slotsKept, bound, Self.slotsMax])
        return database.changesCount
      }), deleted == 5_000 {}
    }
  }
}
