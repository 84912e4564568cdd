import IPC
import Lifecycle
import Model
import NIOCore
import SupervisorStore
import Wire

/// The control protocol's `logs` and `runs`.
extension Supervisor {
  /// Lines of the log that may be asked for; and of them, what is read in one go.
  static let linesMax = 1_000_000
  static let linesAtOnce = 10_000

  func streamLogs(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    var query = LogQuery()
    query.filter = try logFilter(params)
    let before = try params.optionalInt("before")
    query.before = before.map(Int64.init)
    query.limit = max(0, try params.optionalInt("lines") ?? 100)
    guard query.limit <= Self.linesMax else {
      throw .invalidParams(
        "lines is \(Self.linesMax) at the most: since, until and before ask for a piece of the log")
    }
    let follows = try params.optionalBool("follow") ?? false
    if follows, before != nil || query.filter.until != nil {
      throw .invalidParams("follow goes on with what comes: it takes neither until nor before")
    }
    let isLong = query.limit > Self.linesAtOnce
    // A long one goes on after its first page; its reader ends it.
    let target = try open(id, client, follows: follows || isLong)
    let last = logs.lastID
    if isLong { return readLong(query, target, follows: follows) }
    var follower: LogFollower?
    if follows {
      let new = LogFollower(query.filter, target, asked: last, follows: true)
      follower = new
      logs.follow(new)
    }
    if query.limit == 0 {
      target.load([])
      follower?.endReading(reached: last, upTo: last)
      return
    }
    let open = logs.openBlocks
    Task { [query, follower] in
      let found = await reading { [store] in try Self.read(query, open, id, from: store) }
      guard !target.isFinished else { return }
      switch found {
      case .success(let page): target.load(page.chunks, note: page.note)
      case .failure(let error):
        logs.unfollow { $0 === target }
        return target.fail(.refused("database", "\(error)"))
      }
      guard let follower else { return }
      follower.endReading(reached: last, upTo: last)
      catchUp(follower)
    }
  }

  /// More lines than are read in one go: first where they begin, then on from there as the reader takes them.
  private func readLong(_ query: LogQuery, _ target: StreamTarget, follows: Bool) {
    let asked = min(logs.lastID, (query.before ?? .max) - 1)
    let reader = LogFollower(query.filter, target, asked: asked, follows: follows)
    logs.follow(reader)
    let open = logs.openBlocks
    var search = LogBeginning(of: query.limit, query.filter, before: asked + 1)
    let end = Moment.now + Self.patience
    Task {
      // Page by page, so that others come in between.
      while !search.isFound, Moment.now < end, !target.isFinished {
        let step = await reading { [store, search] in
          var search = search
          try search.step(in: store, open: open)
          return search
        }
        switch step {
        case .success(let found): search = found
        case .failure(let error):
          logs.unfollow { $0 === target }
          return target.fail(.refused("database", "\(error)"))
        }
      }
      reader.note = Self.note(search.page)
      target.load([])
      reader.begin(after: search.after)
      catchUp(reader)
    }
  }

  /// How long the beginning of what was asked for is looked for.
  private static let patience = Duration.seconds(60)

  /// Which lines a question about the log means.
  func logFilter(_ params: JSON) throws(RPCError) -> LogFilter {
    var filter = LogFilter()
    if let names = try params.optionalStrings("names") {
      if let unknown = names.first(where: { !isSource($0) }) {
        throw .refused("unknown_strategy", "there is no strategy \(unknown)")
      }
      filter.sources = Set(names)
    }
    filter.severity = Severity(try params.optionalWord("level", LogLevel.self) ?? .debug)
    filter.since = try params.optionalTimestamp("since")
    // Items show microseconds: a line's own time, as it was shown, includes it.
    filter.until = try params.optionalTimestamp("until")?.advanced(nanoseconds: 999)
    filter.text = try params.optionalString("text")
    filter.run = try params.optionalInt("run").map(Int64.init)
    if let words = try params.optionalStrings("streams") {
      var streams: Set<LogStream> = []
      for word in words {
        guard let stream = LogStream.allCases.first(where: { $0.word == word }) else {
          throw .invalidParams("streams holds stdout, stderr, log or supervisor, not \(word)")
        }
        streams.insert(stream)
      }
      filter.streams = streams
    }
    return filter
  }

  private func isSource(_ name: String) -> Bool {
    workers[name] != nil || name == "rbotd" || remembered[name] != nil
  }

  /// What a search found, ready to be sent.
  private struct Answer: Sendable {
    var chunks: [StreamTarget.Chunk]
    var note: JSONObject = JSONObject()
  }

  /// Searches and encodes: both off the loop.
  private nonisolated static func read(
    _ query: LogQuery, _ open: [LogBlock], _ id: RequestID, from store: SupervisorStore
  ) throws -> Answer {
    let page = try store.logs(query, open: open)
    return Answer(chunks: encoded(page.entries, id), note: note(page))
  }

  /// How far a search came that ended early.
  private nonisolated static func note(_ page: LogPage) -> JSONObject {
    var note = JSONObject()
    if let before = page.stoppedBefore {
      note["stopped_before"] = .int(before)
      note["stopped_at"] = JSON(page.stoppedAt?.description)
    }
    return note
  }

  private nonisolated static func encoded(_ entries: [LogEntry], _ id: RequestID) -> [StreamTarget.Chunk] {
    StreamTarget.encoded(id, entries) { entry, writer in
      var inner = writer
      writer = JSONWriter(ByteBuffer())
      entry.withLine { inner.value($0) }
      writer = inner
    }
  }

  /// Reads for a follower what he has missed, while he takes what waits for him.
  func catchUp(_ follower: LogFollower) {
    guard let (after, upTo) = follower.beginReading(last: logs.lastID, now: .now) else { return }
    let open = logs.openBlocks
    let (filter, id) = (follower.filter, follower.target.id)
    Task {
      let found = await reading { [store] in
        try Self.read(filter, after: after, upTo: upTo, open, id, from: store)
      }
      guard !follower.target.isFinished else { return }
      switch found {
      case .success(let page):
        for chunk in page.chunks { follower.target.offer(chunk) }
        follower.endReading(reached: page.reached, upTo: upTo, gone: page.gone)
        if follower.target.isFinished { logs.unfollow { $0 === follower.target } }
      case .failure(let error):
        logs.unfollow { $0 === follower.target }
        return follower.target.fail(.refused("database", "\(error)"))
      }
      catchUp(follower)
    }
  }

  private nonisolated static func read(
    _ filter: LogFilter, after: Int64, upTo: Int64, _ open: [LogBlock], _ id: RequestID,
    from store: SupervisorStore
  ) throws -> (chunks: [StreamTarget.Chunk], reached: Int64, gone: Int) {
    let page = try store.logs(filter, after: after, upTo: upTo, open: open)
    return (encoded(page.entries, id), page.reached, page.gone)
  }

  /// Sees to it that lines leave for the store in time.
  func armLogs() {
    guard logs.wantsTimer() else { return }
    loop.assumeIsolated().scheduleTask(in: .nanoseconds(LogHub.linger.wholeNanoseconds)) { [self] in
      assumeIsolated { $0.logs.lingered() }
    }
  }

  func showRuns(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let name = try params.string("name")
    guard isSource(name), name != "rbotd" else {
      throw .refused("unknown_strategy", "there is no strategy \(name)")
    }
    let limit = min(max(1, try params.optionalInt("limit") ?? 20), SupervisorStore.runsKept)
    let connection = client.connection
    Task {
      do {
        let runs = try await reading { [store] in try store.runs(of: name, limit: limit) }.get()
        var room = ReplyLimit.bytes
        let shown = ReplyLimit.first(of: runs.map(Self.json), in: &room)
        connection.answer(id, ["runs": .array(shown)])
      } catch {
        connection.reply(to: id, error: .refused("database", "\(error)"))
      }
    }
  }

  private static func json(_ run: RunRecord) -> JSON {
    [
      "run": .int(run.id), "generation": .int(run.generation), "pid": JSON(run.pid.map(Int.init)),
      "started": .string(run.started.description), "ready": JSON(run.ready?.description),
      "ended": JSON(run.ended?.description), "code": JSON(run.exitCode), "signal": JSON(run.signal),
      "reason": JSON(run.reason), "expected": run.isExpected.map(JSON.bool) ?? .null,
    ]
  }
}
