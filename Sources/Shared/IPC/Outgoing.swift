import NIOCore

/// What waits to be written to one connection.
struct Outgoing {
  private var buffer = ByteBuffer()
  private var inFlight = 0
  private var isFlushScheduled = false
  private var refusedThinnable = false
  /// Whether a timer looks after stalled writes.
  var isWatched = false
  /// Counts completed writes: unchanged over the stall time means that the peer takes nothing.
  private(set) var progress: UInt64 = 0

  var pendingBytes: Int { buffer.readableBytes + inFlight }
  /// Bytes ever appended, bytes ever taken by the kernel, and how far the former must arrive.
  private var appended = 0
  private var taken = 0
  private var mustArriveUpTo = 0

  /// Whether anything that must arrive waits for the peer; what may be thinned can wait for ever.
  var isWaiting: Bool { taken < mustArriveUpTo }

  mutating func append(_ lines: ByteBuffer, mustArrive: Bool) {
    append(mustArrive: mustArrive) { buffer in
      var lines = lines
      buffer.writeBuffer(&lines)
    }
  }

  mutating func append(mustArrive: Bool, _ write: (inout ByteBuffer) -> Void) {
    let before = buffer.readableBytes
    write(&buffer)
    appended += buffer.readableBytes - before
    if mustArrive { mustArriveUpTo = appended }
  }

  mutating func takesThinnable() -> Bool {
    if pendingBytes < ConnectionLimits.thinnableBytes { return true }
    refusedThinnable = true
    return false
  }

  /// True when the caller must schedule a flush; false when one is coming anyway.
  mutating func beginFlush() -> Bool {
    guard !isFlushScheduled else { return false }
    isFlushScheduled = true
    return true
  }

  mutating func takeForFlush() -> ByteBuffer? {
    isFlushScheduled = false
    guard buffer.readableBytes > 0 else { return nil }
    let bytes = buffer
    // The old storage belongs to the write now; the next one starts small.
    buffer = ByteBuffer()
    inFlight += bytes.readableBytes
    return bytes
  }

  mutating func flushed(_ count: Int) {
    inFlight -= count
    taken += count
    progress &+= 1
  }

  /// True once, when thinnable messages had been refused and there is room again.
  mutating func becameDrained() -> Bool {
    guard refusedThinnable, pendingBytes <= ConnectionLimits.thinnableBytes / 4 else { return false }
    refusedThinnable = false
    return true
  }

  /// True when the caller must start the stall timer.
  mutating func beginWatching() -> Bool {
    guard isWaiting, !isWatched else { return false }
    isWatched = true
    return true
  }
}
