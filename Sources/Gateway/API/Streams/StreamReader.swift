import NIOCore

/// What a stream begins with.
struct StreamTerms: Sendable {
  var format: StreamFormat
  var credential: Credential
  /// The last event that the reader knows; nil: it wants no events.
  var place: Int64?
  var filter = EventFilter.all
  var instruments: [String] = []
  /// It has a while to say who it is; until then it gets nothing.
  var mayIdentifyLater = false
}

/// One reader of a stream: a place in the sequence of events, and its connection. It belongs to its fan-out's loop.
final class StreamReader {
  let id: Int
  let format: StreamFormat
  /// Where to write: below everything of HTTP.
  let door: NIOLoopBound<ChannelHandlerContext>
  var credential: Credential
  /// Whether the answer to its request is on its way: until then nothing else may be sent.
  private(set) var isOpen: Bool
  /// What it is answered until then.
  private var early = ByteBuffer()
  /// Whether it is known who reads.
  var isAdmitted: Bool
  var place: Int64?
  var filter: EventFilter
  /// By instrument, the version of the last quote that was sent.
  var quotes: [String: Int64]
  /// Its next events come from the store.
  var isFetching = false
  /// Nothing more is sent.
  var isEnding = false
  /// Heartbeats since the reader last said anything.
  var silence = 0

  init(_ id: Int, _ door: NIOLoopBound<ChannelHandlerContext>, _ terms: StreamTerms) {
    self.id = id
    isOpen = terms.format == .serverSent
    self.door = door
    format = terms.format
    credential = terms.credential
    isAdmitted = !terms.mayIdentifyLater
    place = terms.place
    filter = terms.filter
    quotes = Dictionary(terms.instruments.map { ($0, 0) }) { first, _ in first }
  }

  /// Whether it takes more now.
  var isWritable: Bool { isOpen && !isEnding && door.value.channel.isWritable }

  /// Whether it does not read what it was sent.
  var isClogged: Bool { isOpen && !door.value.channel.isWritable }

  /// The answer to its request is on its way, and what it was told since follows.
  func open() {
    guard !isOpen else { return }
    isOpen = true
    let bytes = early
    early = ByteBuffer()
    send(bytes)
  }

  func send(_ bytes: ByteBuffer) {
    guard !isEnding, bytes.readableBytes > 0 else { return }
    guard isOpen else {
      early.writeImmutableBuffer(bytes)
      if early.readableBytes > Self.earlyMax { end(.policy, "too many messages") }
      return
    }
    let context = door.value
    context.writeAndFlush(NIOAny(bytes), promise: nil)
  }

  /// Says why, and closes the connection once that is written.
  func end(_ code: WebSocketClose, _ reason: String) {
    guard !isEnding else { return }
    let context = door.value
    isEnding = true
    context.writeAndFlush(NIOAny(format.ending(code, reason)), promise: nil)
    guard format == .webSocket, code != .normal else {
      context.close(promise: nil)
      return
    }
    // Closed with bytes of the client unread, the connection would be reset, and he would not learn why.
    let channel = context.channel
    context.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
  }

  /// Bytes that wait for the answer to its request.
  private static let earlyMax = 262_144
  /// How long a client has for its own goodbye.
  private static let farewell = TimeAmount.seconds(2)
}
