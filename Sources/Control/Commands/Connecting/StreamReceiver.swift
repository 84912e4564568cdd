import IPC
import NIOCore
import Wire

/// What the daemon says about a stream between its items.
enum StreamNote: Hashable, Sendable {
  /// So many items are left out here.
  case missed(Int)
  /// The reader is so many lines behind; 0 when he is not any more.
  case behind(Int)
}

/// Takes what the daemon sends unasked: the items of the one stream that is open, and the end.
final class StreamReceiver: ConnectionHandler {
  /// How a connection ended.
  struct End: Sendable {
    let reason: CloseReason
    /// What went wrong here while an item was handled.
    let failure: (any Error)?
  }

  private struct Stream {
    let id: JSON
    let deliver: @Sendable (JSON) throws -> Void
    let note: @Sendable (StreamNote) -> Void
  }

  let ended: EventLoopPromise<End>
  private let stream: NIOLoopBoundBox<Stream?>
  private let failure: NIOLoopBoundBox<(any Error)?>

  init(on loop: any EventLoop) {
    ended = loop.makePromise()
    stream = .makeBoxSendingValue(nil, eventLoop: loop)
    failure = .makeBoxSendingValue(nil, eventLoop: loop)
  }

  /// Items with that id go to `deliver` from now on, what is said about them to `note`.
  func begin(
    _ id: RequestID, _ deliver: @escaping @Sendable (JSON) throws -> Void,
    note: @escaping @Sendable (StreamNote) -> Void
  ) {
    let key: JSON =
      switch id {
      case .number(let number): .int(number)
      case .text(let text): .string(text)
      }
    stream.value = Stream(id: key, deliver: deliver, note: note)
  }

  func received(_ frame: Frame, on connection: Connection) {
    if case .request(let id) = frame.kind {
      connection.reply(to: id, error: .unknownMethod(frame.method))
      return
    }
    guard frame.methodIs("stream"), failure.value == nil, let stream = stream.value else { return }
    let params = frame.params()
    guard params["id"] == stream.id else { return }
    if let count = params["dropped"]?.intValue { stream.note(.missed(count)) }
    if let count = params["behind"]?.intValue { stream.note(.behind(count)) }
    guard let item = params["item"] else { return }
    do {
      try stream.deliver(item)
    } catch {
      failure.value = error
      connection.close()
    }
  }

  func closed(_ connection: Connection, reason: CloseReason) {
    ended.succeed(End(reason: reason, failure: failure.value))
  }
}
