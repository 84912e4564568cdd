import NIOCore
import Wire

/// Our requests on one connection that wait for their answers.
struct OpenRequests {
  private struct Entry {
    let promise: EventLoopPromise<JSON>
    let timer: Scheduled<Void>
  }

  private var next: Int64 = 1
  private var entries: [RequestID: Entry] = [:]

  /// Nil when too many wait already.
  mutating func open(
    _ promise: EventLoopPromise<JSON>, method: String, timeout: TimeAmount, on connection: Connection
  ) -> RequestID? {
    guard entries.count < ConnectionLimits.openRequests else { return nil }
    let id = RequestID.number(next)
    next += 1
    let timer = connection.eventLoop.scheduleTask(in: timeout) { connection.expire(id, method: method) }
    entries[id] = Entry(promise: promise, timer: timer)
    return id
  }

  mutating func succeed(_ id: RequestID, _ result: JSON) {
    guard let entry = entries.removeValue(forKey: id) else { return }
    entry.timer.cancel()
    entry.promise.succeed(result)
  }

  mutating func fail(_ id: RequestID, _ error: RPCError) {
    guard let entry = entries.removeValue(forKey: id) else { return }
    entry.timer.cancel()
    entry.promise.fail(error)
  }

  mutating func failAll(_ error: RPCError) {
    let all = entries.values
    entries = [:]
    for entry in all {
      entry.timer.cancel()
      entry.promise.fail(error)
    }
  }
}
