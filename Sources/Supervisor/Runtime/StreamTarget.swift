import IPC
import NIOCore
import Wire

/// One streaming call of a control client: items wait here in order until the client takes them.
///
/// What is asked of the past is sent whole, at the client's pace. What happens meanwhile may be thinned: when
/// more than `bytesMax` wait, newer items are dropped and counted.
final class StreamTarget {
  private static let bytesMax = 4 << 20

  let connection: Connection
  let id: RequestID
  private let follows: Bool
  private var queue: [ByteBuffer] = []
  private var head = 0
  private var queuedBytes = 0
  /// The past is still being read; what happens meanwhile waits behind it.
  private var isLoading = true
  private var held: [ByteBuffer] = []
  private var sent = 0
  private var dropped = 0
  private(set) var isFinished = false

  init(_ connection: Connection, _ id: RequestID, follows: Bool) {
    self.connection = connection
    self.id = id
    self.follows = follows
  }

  /// An item of now.
  func offer(_ item: (inout JSONWriter) -> Void) {
    guard !isFinished else { return }
    guard queuedBytes < Self.bytesMax else {
      dropped += 1
      return
    }
    let line = encoded(item)
    queuedBytes += line.readableBytes
    if isLoading { held.append(line) } else { queue.append(line) }
    pump()
  }

  /// The items of the past, oldest first; once.
  func load<Item>(_ items: [Item], _ write: (Item, inout JSONWriter) -> Void) {
    guard isLoading, !isFinished else { return }
    isLoading = false
    for item in items {
      let line = encoded { write(item, &$0) }
      queuedBytes += line.readableBytes
      queue.append(line)
    }
    queue += held
    held = []
    pump()
  }

  /// Ends it with an error.
  func fail(_ error: RPCError) {
    guard !isFinished else { return }
    isFinished = true
    connection.reply(to: id, error: error)
  }

  /// Sends as much as the client takes; called again when it has drained.
  func pump() {
    guard !isFinished, !isLoading else { return }
    while head < queue.count {
      guard connection.sendThinnable(encoded: queue[head]) else { return }
      queuedBytes -= queue[head].readableBytes
      head += 1
      sent += 1
    }
    queue.removeAll(keepingCapacity: queue.capacity < 1_024)
    head = 0
    if !follows { finish() }
  }

  private func finish() {
    isFinished = true
    var result: JSONObject = JSONObject()
    result["items"] = .int(sent)
    if dropped > 0 { result["dropped"] = .int(dropped) }
    connection.reply(to: id, result: .object(result))
  }

  private func encoded(_ item: (inout JSONWriter) -> Void) -> ByteBuffer {
    var line = ByteBuffer()
    line.writeNotification("stream") { writer in
      writer.beginObject()
      writer.key("id")
      switch id {
      case .number(let number): writer.value(number)
      case .text(let text): writer.value(text)
      }
      writer.key("item")
      item(&writer)
      writer.endObject()
    }
    return line
  }
}
