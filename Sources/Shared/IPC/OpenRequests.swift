import NIOCore
import Wire

/// Our requests on one connection that wait for their answers.
struct OpenRequests {
  private struct Entry {
    let promise: EventLoopPromise<Frame>
    let timer: Scheduled<Void>
  }

  private var next: Int64 = 1
  private var entries: [RequestID: Entry] = [:]

  /// Nil when too many wait already.
  mutating func open(
    _ promise: EventLoopPromise<Frame>, method: String, timeout: TimeAmount, on connection: Connection
  ) -> RequestID? {
    guard entries.count < ConnectionLimits.openRequests else { return nil }
    let id = RequestID.number(next)
    next += 1
    let timer = connection.eventLoop.scheduleTask(in: timeout) { connection.expire(id, method: method) }
    entries[id] = Entry(promise: promise, timer: timer)
    return id
  }

  /// Takes out the one with that id. The caller keeps its promise, and only then: who waits for the answer may ask the
  /// next thing of the same connection at once.
  mutating func take(_ id: RequestID) -> EventLoopPromise<Frame>? {
    guard let entry = entries.removeValue(forKey: id) else { return nil }
    entry.timer.cancel()
    return entry.promise
  }

  /// Takes out all of them, likewise.
  mutating func takeAll() -> [EventLoopPromise<Frame>] {
    let all = entries.values
    entries = [:]
    for entry in all { entry.timer.cancel() }
    return all.map(\.promise)
  }
}
