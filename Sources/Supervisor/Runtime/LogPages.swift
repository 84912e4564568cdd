import IPC
import Model
import NIOCore
import SupervisorStore
import Wire

/// `logs.page`: a piece of the log in one answer, for a reader that asks again for the next.
///
/// Such a reader is never behind with anybody, as nothing is kept for him between two questions; one who has caught up
/// costs a comparison.
extension Supervisor {
  private static let pageMax = 1_000

  func pageOfLogs(_ params: JSON, _ id: RequestID, _ connection: Connection) throws(RPCError) {
    let filter = try logFilter(params)
    let limit = try params.optionalInt("lines") ?? 100
    guard (1...Self.pageMax).contains(limit) else {
      throw .invalidParams("lines must be between 1 and \(Self.pageMax)")
    }
    let (last, open) = (logs.lastID, logs.openBlocks)
    let after = try params.optionalInt("after").map(Int64.init)
    if let after, after >= last {
      let page = LogPageAnswer(reached: last)
      return connection.send { page.write(to: &$0, id) }
    }
    var query = LogQuery()
    query.filter = filter
    query.limit = limit
    query.before = try params.optionalInt("before").map(Int64.init)
    Task { [query] in
      let found = await reading { [store] in
        if let after {
          let page = try store.logs(filter, after: after, upTo: last, open: open)
          return LogPageAnswer(page, upTo: last, limit: limit)
        }
        return LogPageAnswer(try store.logs(query, open: open), last: last, limit: limit)
      }
      switch found {
      case .success(let page): connection.send { page.write(to: &$0, id) }
      case .failure(let error): connection.reply(to: id, error: .refused("database", "\(error)"))
      }
    }
  }
}

/// A piece of the log, encoded; made off the loop.
private struct LogPageAnswer: Sendable {
  /// Bytes of lines in one answer.
  private static let bytesMax = 800_000

  private var lines: [ByteBuffer] = []
  /// The id of its first line; what is older has lower ones.
  private var first: Int64?
  /// Up to this id everything has been looked at.
  private var reached: Int64
  /// Lines in between that are not to be had any more.
  private var gone = 0
  /// Whether there may be more: later ones for a reader that goes forward, earlier ones for one that goes back.
  private var more = false

  /// Nothing: the reader has it all.
  init(reached: Int64) { self.reached = reached }

  /// The first of what comes after a line.
  init(_ page: LogContinued, upTo last: Int64, limit: Int) {
    reached = page.reached
    gone = page.gone
    var room = Self.bytesMax
    for entry in page.entries {
      let line = Self.encoded(entry)
      room -= line.readableBytes
      guard lines.count < limit, room > 0 || lines.isEmpty else {
        more = true
        break
      }
      lines.append(line)
      first = first ?? entry.id
      reached = entry.id
    }
    if !more {
      reached = page.reached
      more = reached < last
    }
  }

  /// The last of what there is.
  init(_ page: LogPage, last: Int64, limit: Int) {
    reached = last
    var room = Self.bytesMax
    for entry in page.entries.reversed() {
      let line = Self.encoded(entry)
      room -= line.readableBytes
      guard room > 0 || lines.isEmpty else {
        more = true
        break
      }
      lines.append(line)
      first = entry.id
    }
    lines.reverse()
    more = more || lines.count == limit || page.stoppedBefore != nil
    if lines.isEmpty { first = page.stoppedBefore }
  }

  private static func encoded(_ entry: LogEntry) -> ByteBuffer {
    entry.withLine { line in
      var writer = JSONWriter(ByteBuffer())
      writer.value(line)
      return writer.buffer
    }
  }

  func write(to buffer: inout ByteBuffer, _ id: RequestID) {
    buffer.writeResponse(id) { writer in
      writer.beginObject()
      writer.key("lines")
      writer.beginArray()
      for line in lines { line.withUnsafeReadableBytes { writer.value(jsonUTF8: $0) } }
      writer.endArray()
      writer.field("first", first)
      writer.field("reached", reached)
      writer.field("gone", gone)
      writer.field("more", more)
      writer.endObject()
    }
  }
}
