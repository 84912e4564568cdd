import IPC
import NIOCore
import Wire

/// One streaming call of a control client: items wait here in order until the client takes them.
///
/// What is asked of the past is sent whole, at the client's pace. What happens meanwhile may be thinned: when
/// more than `bytesMax` wait, newer items are dropped, counted, and the client is told.
final class StreamTarget {
  /// Encoded notifications, and how many.
  struct Chunk: Sendable {
    var lines = ByteBuffer()
    var count = 0
  }

  private static let bytesMax = 4 << 20
  /// Above this a reader of the log is behind: he is served from the store when he has taken what waits.
  private static let roomBytes = 1 << 20
  private static let chunkBytes = 32 << 10

  let connection: Connection
  let id: RequestID
  private var follows: Bool
  private var queue: [Chunk] = []
  private var head = 0
  private var queuedBytes = 0
  /// The past is still being read; what happens meanwhile waits behind it.
  private var isLoading = true
  private var held: [Chunk] = []
  private var sent = 0
  private var dropped = 0
  /// Dropped ones that the client has not been told of.
  private var untold = 0
  /// Fields of the answer that ends it, beside the counts.
  private var end: JSONObject = JSONObject()
  private(set) var isFinished = false

  init(_ connection: Connection, _ id: RequestID, follows: Bool) {
    self.connection = connection
    self.id = id
    self.follows = follows
  }

  var hasRoom: Bool { queuedBytes < Self.roomBytes }
  /// Whether the past has been given to it.
  var isLoaded: Bool { !isLoading }

  /// An item of now.
  func offer(_ item: (inout JSONWriter) -> Void) {
    guard !isFinished else { return }
    guard queuedBytes < Self.bytesMax else { return drop(1) }
    // Behind others that wait, in the same chunk.
    if !isLoading, head < queue.count, let last = queue.last, last.lines.readableBytes < Self.chunkBytes {
      queue[queue.count - 1] = Chunk()
      var chunk = last
      let before = chunk.lines.readableBytes
      encode(into: &chunk, item)
      queuedBytes += chunk.lines.readableBytes - before
      queue[queue.count - 1] = chunk
      return
    }
    var chunk = Chunk()
    encode(into: &chunk, item)
    offer(chunk)
  }

  /// Several items of now.
  func offer(_ chunk: Chunk) {
    guard !isFinished, chunk.count > 0 else { return }
    queuedBytes += chunk.lines.readableBytes
    if isLoading { held.append(chunk) } else { queue.append(chunk) }
    pump()
  }

  /// Items that the client will not get; he is told when he has taken what waits.
  func drop(_ count: Int) {
    dropped += count
    untold += count
  }

  /// Items that the client will not get; he is told where they would have been.
  func leaveOut(_ count: Int) {
    guard !isFinished else { return }
    dropped += count
    enqueue(note: "dropped", count)
  }

  private func enqueue(note key: StaticString, _ count: Int) {
    var note = Chunk()
    writeNote(key, count, into: &note.lines)
    queuedBytes += note.lines.readableBytes
    if isLoading { held.append(note) } else { queue.append(note) }
    pump()
  }

  /// The items of the past, oldest first; once.
  func load<Item>(_ items: [Item], _ write: (Item, inout JSONWriter) -> Void) {
    var chunk = Chunk()
    for item in items { encode(into: &chunk) { write(item, &$0) } }
    load([chunk])
  }

  /// The same, encoded already.
  ///
  /// - Parameter note: more fields of the answer that ends the stream.
  func load(_ chunks: [Chunk], note: JSONObject = JSONObject()) {
    guard isLoading, !isFinished else { return }
    isLoading = false
    end = note
    let chunks = chunks.filter { $0.count > 0 }
    for chunk in chunks { queuedBytes += chunk.lines.readableBytes }
    queue += chunks + held
    held = []
    pump()
  }

  /// Tells the client how many lines he is behind.
  func tell(behind lines: Int) {
    if !isFinished { enqueue(note: "behind", lines) }
  }

  /// Nothing more will come: it ends when the client has taken what waits.
  func end(note: JSONObject) {
    follows = false
    end = note
    pump()
  }

  /// Ends it with an error.
  func fail(_ error: RPCError) {
    guard !isFinished else { return }
    isFinished = true
    queue = []
    head = 0
    connection.reply(to: id, error: error)
  }

  /// Sends as much as the client takes; called again when it has drained.
  func pump() {
    guard !isFinished, !isLoading else { return }
    while head < queue.count {
      guard connection.sendThinnable(encoded: queue[head].lines) else { return }
      queuedBytes -= queue[head].lines.readableBytes
      sent += queue[head].count
      queue[head] = Chunk()
      head += 1
    }
    queue.removeAll(keepingCapacity: queue.capacity < 1_024)
    head = 0
    if follows { tellDropped() } else { finish() }
  }

  private func tellDropped() {
    guard untold > 0 else { return }
    var note = ByteBuffer()
    writeNote("dropped", untold, into: &note)
    // He may be slow: that is no reason to end the connection. Once he has drained, this comes again.
    if connection.sendThinnable(encoded: note) { untold = 0 }
  }

  private func writeNote(_ key: StaticString, _ count: Int, into buffer: inout ByteBuffer) {
    buffer.writeNotification("stream") { writer in
      writer.beginObject()
      Self.write(id, &writer)
      writer.field(key, count)
      writer.endObject()
    }
  }

  private func finish() {
    isFinished = true
    end["items"] = .int(sent)
    if dropped > 0 { end["dropped"] = .int(dropped) }
    connection.reply(to: id, result: .object(end))
  }

  func encode(into chunk: inout Chunk, _ item: (inout JSONWriter) -> Void) {
    Self.encode(id, into: &chunk, item)
  }

  static func encode(_ id: RequestID, into chunk: inout Chunk, _ item: (inout JSONWriter) -> Void) {
    chunk.lines.writeNotification("stream") { writer in
      writer.beginObject()
      write(id, &writer)
      writer.key("item")
      item(&writer)
      writer.endObject()
    }
    chunk.count += 1
  }

  /// Encodes many items, in pieces that a connection takes.
  static func encoded<Item>(
    _ id: RequestID, _ items: [Item], _ write: (Item, inout JSONWriter) -> Void
  ) -> [Chunk] {
    var chunks: [Chunk] = []
    var chunk = Chunk()
    for item in items {
      encode(id, into: &chunk) { write(item, &$0) }
      if chunk.lines.readableBytes >= chunkBytes {
        chunks.append(chunk)
        chunk = Chunk()
      }
    }
    return chunks + [chunk]
  }

  private static func write(_ id: RequestID, _ writer: inout JSONWriter) {
    writer.key("id")
    switch id {
    case .number(let number): writer.value(number)
    case .text(let text): writer.value(text)
    }
  }
}
