import Foundation
import GRDB
public import Model
public import Storage

/// What the supervisor remembers: strategies, runs, logs, metrics, and who commanded what (`supervisor.sqlite`).
///
/// What reads is done by the thread that asks, which should be one that may wait: GRDB's way of reading without waiting
/// takes a thread of libdispatch's, and while the system has none left, that stops whoever asks for it.
///
/// Nothing that writes ever waits for the disk. While it is full, state changes queue up and log lines beyond a
/// bound are lost, counted, and reported once the disk takes them again.
public final class SupervisorStore: Sendable {
  /// How long, and in how many bytes, the past is kept.
  public struct Retention: Hashable, Sendable {
    public var age: Duration
    public var bytes: Int64
    public var metrics: MetricRetention

    public init(
      age: Duration = .seconds(14 * 86_400), bytes: Int64 = 1 << 30, metrics: MetricRetention = .init()
    ) {
      self.age = age
      self.bytes = bytes
      self.metrics = metrics
    }
  }

  /// What an earlier daemon left.
  public struct Memory: Sendable {
    public let strategies: [StrategyRecord]
    public let lastLog: Int64
    public let lastRun: Int64
    /// The last ended run of each strategy.
    public let lastRuns: [RunRecord]
    /// The user ids that are strategies' own.
    public let users: [String: UInt32]
    public let schedules: ScheduleMemory
  }

  /// For state: each commit is on the disk.
  private let careful: DatabasePool
  /// For logs, metrics and reading.
  let pool: DatabasePool
  let logWriter: LogWriter
  let metrics: MetricWriter
  let state: StateWriter
  let retention: Retention
  private let pruning = Mailbox<Timestamp>(capacity: 1, overflow: .refuse)

  /// Opens the file, makes it when it is missing, and refuses one that a newer version wrote.
  ///
  /// - Parameter onTrouble: called from a writer's thread with the first of a row of failures, and with nil when
  ///   writing works again.
  public init(
    path: String, retention: Retention = Retention(),
    onTrouble: @escaping @Sendable (String?) -> Void
  ) throws(StorageError) {
    let onTrouble: @Sendable (StorageError?) -> Void = { onTrouble($0?.message) }
    careful = try DatabaseFile.open(at: path, durability: .full, readers: 1, migrator: Schema.migrator)
    pool = try DatabaseFile.open(at: path, durability: .normal, readers: 2, migrator: Schema.migrator)
    state = StateWriter(pool: careful, onTrouble: onTrouble)
    metrics = MetricWriter(pool: pool, onTrouble: onTrouble)
    // The rest is for the runs, the metrics and the pages' own waste.
    let archive = LogArchive(bytesMax: retention.bytes / 4 * 3)
    archive.lookForOldLines(pool)
    logWriter = LogWriter(pool: pool, archive: archive, onTrouble: onTrouble)
    self.retention = retention
    // Its own from the start: when it is needed, the system may have no more threads to give.
    let thread = Thread { [weak self, pruning] in
      while let times = pruning.take() { if let now = times.last { self?.pruneNow(now) } }
    }
    thread.name = "pruning"
    thread.stackSize = 512 * 1_024
    thread.start()
  }

  deinit { pruning.close() }

  /// Reads what is needed to go on where the last daemon ended; blocks, so it is for the start.
  public func recall() throws(StorageError) -> Memory {
    do {
      return try pool.read { database in
        let skipped = try Self.numbersToSkip(database)
        let strategies = try StrategyRecord.all(database, passedOver: skipped)
        let ends = try Row.fetchAll(
          database,
          sql: """
            SELECT id, source, generation, started_ns, ended_ns, exit_code, signal, reason FROM runs
            WHERE id IN (SELECT max(id) FROM runs WHERE ended_ns IS NOT NULL GROUP BY source)
            """)
        return Memory(
          strategies: strategies,
          lastLog: (try Int64.fetchOne(database, sql: "SELECT max(last_id) FROM log_blocks") ?? 0)
            + Int64(skipped) * 1_000,
          lastRun: (try Int64.fetchOne(database, sql: "SELECT max(id) FROM runs") ?? 0) + Int64(skipped),
          lastRuns: ends.map { row in
            var run = RunRecord(
              id: row[0], source: row[1], generation: row[2], started: Timestamp(nanoseconds: row[3]))
            run.ended = (row[4] as Int64?).map(Timestamp.init(nanoseconds:))
            run.exitCode = row[5]
            run.signal = row[6]
            run.reason = row[7]
            return run
          }, users: try Self.users(database), schedules: try Self.schedules(database))
      }
    } catch {
      throw StorageError(error, path: pool.path)
    }
  }

  /// A daemon that was killed may have given out numbers that it could not record any more. A generation is part
  /// of its worker's order ids, so none may come twice: after such an end a hundred are passed over.
  private static func numbersToSkip(_ database: Database) throws -> Generation {
    let isCut = try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM runs WHERE ended_ns IS NULL AND reason IS NULL)")
    return isCut == true ? 100 : 0
  }

  /// Records what is wanted of a strategy.
  public func save(_ record: StrategyRecord) { state.append(.strategy(record)) }
  /// Records a run as it is now.
  public func save(_ run: RunRecord) { state.append(.run(run)) }
  /// Records a command and who gave it.
  public func save(_ record: AuditRecord) { state.append(.audit(record)) }

  /// Calls `tell` from the writer's thread once everything that was saved before is on the disk; never where that
  /// takes no more records.
  public func whenSaved(_ tell: @escaping @Sendable () -> Void) { state.append(.mark(tell)) }

  /// Records the user id that is a strategy's own from now on.
  public func save(user: UInt32, of name: String) { state.append(.user(name, user)) }

  private static func users(_ database: Database) throws -> [String: UInt32] {
    let rows = try Row.fetchAll(database, sql: "SELECT name, uid FROM worker_users")
    return Dictionary(rows.map { ($0[0] as String, UInt32(clamping: $0[1] as Int64)) }) { first, _ in first }
  }

  /// The strategy's folder is gone: should it come back, its manifest says whether it runs; its counter goes on, and a
  /// pause holds until a person ends it.
  public func removed(_ name: String) { state.append(.removed(name)) }

  /// Runs before that number that never ended: their daemon was killed.
  public func closeOpenRuns(before run: Int64, reason: String) {
    state.append(.closeOpenRuns(before: run, reason: reason))
  }

  /// Lines and buckets of metrics that were lost for want of room.
  public var lost: Int { logWriter.lostLines + metrics.lost + state.lost }
  /// Lines and buckets of metrics that are in the file.
  public var written: Int { logWriter.written + metrics.written }
  public var pending: Int { logWriter.waitingLines + metrics.pending }

  /// Deletes what is too old or too much, in small steps in the background; returns at once.
  public func prune(now: Timestamp) {
    pruning.put(now)
  }

  /// The same, and waits for it.
  func pruneNow(_ now: Timestamp) {
    let seconds = retention.age.components.seconds
    let bound = now.advanced(seconds: -seconds).nanoseconds
    pruneLogs(before: Timestamp(nanoseconds: bound))
    pruneRuns()
    pruneSlots(before: bound)
    pruneMetrics(now.nanoseconds / 1_000_000_000)
  }

  /// Writes what waits, ends the writers and closes the file; nothing may be asked of it after that.
  public func close() async {
    pruning.close()
    await logWriter.close()
    await metrics.close()
    await state.close()
    // The last connection to go folds the log file into the database, which one that only reads cannot: so those
    // go first.
    careful.invalidateReadOnlyConnections()
    pool.invalidateReadOnlyConnections()
    try? careful.close()
    try? pool.close()
  }
}
