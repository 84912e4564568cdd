public import NIOCore
public import Platform
public import Wire

/// One end of a socket that speaks the protocol: lines in, lines out, requests matched with their answers.
///
/// It belongs to one event loop. Every method must be called there; calling from elsewhere is a programming error
/// and stops the program.
public final class Connection: Sendable {
  public let eventLoop: any EventLoop
  /// Who is at the other end, where the kernel was asked.
  public let peer: PeerCredentials?
  private let channel: any Channel
  private let state: NIOLoopBoundBox<State>

  private struct State {
    var handler: (any ConnectionHandler)?
    var outgoing: Outgoing
    var requests = OpenRequests()
    var closeReason: CloseReason?
    var isClosed = false
    var flushWaiters: [EventLoopPromise<Void>] = []
  }

  init(channel: any Channel, peer: PeerCredentials?, handler: any ConnectionHandler) {
    self.channel = channel
    self.peer = peer
    eventLoop = channel.eventLoop
    state = NIOLoopBoundBox(State(handler: handler, outgoing: Outgoing()), eventLoop: channel.eventLoop)
  }

  // MARK: Sending

  /// Sends whole lines that must arrive.
  public func send(encoded lines: ByteBuffer) {
    append(lines, mustArrive: true)
  }

  private func append(_ lines: ByteBuffer, mustArrive: Bool) {
    guard !state.value.isClosed else { return }
    state.value.outgoing.append(lines, mustArrive: mustArrive)
    scheduleFlush()
  }

  /// Sends lines that `write` appends to the outgoing buffer, without an intermediate copy.
  public func send(_ write: (inout ByteBuffer) -> Void) {
    guard !state.value.isClosed else { return }
    state.value.outgoing.append(mustArrive: true, write)
    scheduleFlush()
  }

  /// Sends whole lines unless the peer lags; the caller keeps what is refused, or counts it as dropped.
  public func sendThinnable(encoded lines: ByteBuffer) -> Bool {
    guard takesThinnable else { return false }
    append(lines, mustArrive: false)
    return true
  }

  /// Whether the peer keeps up; when it does not, `drained` is told once it does again.
  public var takesThinnable: Bool { !state.value.isClosed && state.value.outgoing.takesThinnable() }

  /// Succeeds once the kernel has taken everything sent so far, and also when the connection ends.
  public func whenFlushed() -> EventLoopFuture<Void> {
    guard !state.value.isClosed, pendingBytes > 0 else { return eventLoop.makeSucceededVoidFuture() }
    let promise = eventLoop.makePromise(of: Void.self)
    state.value.flushWaiters.append(promise)
    return promise.futureResult
  }

  public func send(notification method: String, _ params: JSON = [:]) {
    send { $0.writeNotification(method, params) }
  }

  /// Answers a request with its result.
  public func reply(to id: RequestID, result: JSON = [:]) {
    send { $0.writeResponse(id, result: result) }
  }

  /// Answers a request with an error; without an id where none could be read.
  public func reply(to id: RequestID?, error: RPCError) {
    send { $0.writeFailure(id, error) }
  }

  /// Bytes that the peer has not taken yet.
  public var pendingBytes: Int { state.value.outgoing.pendingBytes }

  /// Sends a request. The future fails with ``Wire/RPCError``: the peer's, or our own when the time is up
  /// (reason `timeout`) or the connection ends first (reason `connection_closed`).
  public func request(
    _ method: String, _ params: JSON = [:], timeout: TimeAmount = .seconds(10)
  ) -> EventLoopFuture<JSON> {
    request(timeout: timeout, method: method) { id, buffer in buffer.writeRequest(id, method, params) }
  }

  /// Sends a request whose line `write` makes.
  public func request(
    timeout: TimeAmount, method: String, _ write: (RequestID, inout ByteBuffer) -> Void
  ) -> EventLoopFuture<JSON> {
    ask(timeout: timeout, method: method, write).map { $0.body() }
  }

  /// Sends a request and gives its answer as it came, so that what is long can be read on another thread.
  public func ask(
    _ method: String, _ params: JSON = [:], timeout: TimeAmount = .seconds(10)
  ) -> EventLoopFuture<Frame> {
    ask(timeout: timeout, method: method) { id, buffer in buffer.writeRequest(id, method, params) }
  }

  private func ask(
    timeout: TimeAmount, method: String, _ write: (RequestID, inout ByteBuffer) -> Void
  ) -> EventLoopFuture<Frame> {
    let promise = eventLoop.makePromise(of: Frame.self)
    guard !state.value.isClosed else {
      promise.fail(RPCError.refused("connection_closed", "the connection is closed"))
      return promise.futureResult
    }
    guard let id = state.value.requests.open(promise, method: method, timeout: timeout, on: self) else {
      promise.fail(RPCError.refused("too_many_requests", "too many requests wait for an answer"))
      return promise.futureResult
    }
    send { write(id, &$0) }
    return promise.futureResult
  }

  func expire(_ id: RequestID, method: String) {
    let promise = state.value.requests.take(id)
    promise?.fail(RPCError.refused("timeout", "no answer to \(method) in time"))
  }

  /// Stops or resumes reading, so that the kernel's buffers, and then the peer, feel that we lag.
  public func setReading(_ isReading: Bool) {
    guard !state.value.isClosed else { return }
    channel.setOption(.autoRead, value: isReading).assumeIsolated().whenComplete { _ in }
  }

  // MARK: Flushing

  private func scheduleFlush() {
    guard state.value.outgoing.pendingBytes <= ConnectionLimits.pendingBytes else {
      abort(.overflow)
      return
    }
    guard state.value.outgoing.beginFlush() else { return }
    // Everything written in this turn of the loop leaves in one system call.
    eventLoop.execute { self.flush() }
  }

  private func flush() {
    guard !state.value.isClosed, let bytes = state.value.outgoing.takeForFlush() else { return }
    armStallTimer()
    write(bytes)
    channel.flush()
  }

  /// In pieces, so that a peer that takes much slowly is seen to take something.
  private func write(_ bytes: ByteBuffer) {
    var rest = bytes
    while rest.readableBytes > 0 {
      let count = min(rest.readableBytes, ConnectionLimits.pieceBytes)
      guard let piece = rest.readSlice(length: count) else { return }
      channel.write(piece).assumeIsolated().whenComplete { result in
        if case .success = result { self.flushed(count) }
      }
    }
  }

  private func flushed(_ count: Int) {
    state.value.outgoing.flushed(count)
    if pendingBytes == 0 { tellFlushed() }
    guard state.value.outgoing.becameDrained(), let handler = state.value.handler else { return }
    handler.drained(self)
  }

  private func tellFlushed() {
    let waiters = state.value.flushWaiters
    state.value.flushWaiters = []
    for waiter in waiters { waiter.succeed() }
  }

  private func armStallTimer() {
    guard state.value.outgoing.beginWatching() else { return }
    watchForStall(after: state.value.outgoing.progress)
  }

  private func watchForStall(after progress: UInt64) {
    eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(ConnectionLimits.stallSeconds))) {
      guard !self.state.value.isClosed, self.state.value.outgoing.isWaiting else {
        self.state.value.outgoing.isWatched = false
        return
      }
      let now = self.state.value.outgoing.progress
      if now == progress { self.abort(.stalled) } else { self.watchForStall(after: now) }
    }
  }

  // MARK: Closing

  /// Sends what is still to be sent, then closes.
  public func close() { finish(.local) }

  /// Closes at once; what waits is lost.
  func abort(_ reason: CloseReason) {
    guard !state.value.isClosed else { return }
    if state.value.closeReason == nil { state.value.closeReason = reason }
    channel.close(promise: nil)
  }

  private func finish(_ reason: CloseReason) {
    guard !state.value.isClosed, state.value.closeReason == nil else { return }
    state.value.closeReason = reason
    if let rest = state.value.outgoing.takeForFlush() {
      armStallTimer()
      write(rest)
    }
    channel.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { _ in self.channel.close(promise: nil)
    }
  }

  // MARK: What the channel tells

  func received(_ line: ByteBuffer) {
    // After we decided to close, nothing more is listened to.
    guard state.value.closeReason == nil else { return }
    let frame: Frame
    do throws(FrameError) {
      frame = try Frame(line)
    } catch {
      malformed(error)
      return
    }
    switch frame.kind {
    case .request, .notification: state.value.handler?.received(frame, on: self)
    case .response(let id):
      let promise = state.value.requests.take(id)
      promise?.succeed(frame)
    case .failure(let id?):
      let promise = state.value.requests.take(id)
      promise?.fail(frame.error())
    case .failure(nil): break
    }
  }

  func malformed(_ problem: FrameError) {
    reply(to: problem.id, error: problem.error)
    finish(.malformed(problem.error.message))
  }

  func closed() {
    guard !state.value.isClosed else { return }
    state.value.isClosed = true
    tellFlushed()
    let promises = state.value.requests.takeAll()
    for promise in promises {
      promise.fail(RPCError.refused("connection_closed", "the connection was closed"))
    }
    let handler = state.value.handler
    state.value.handler = nil
    handler?.closed(self, reason: state.value.closeReason ?? .peer)
  }
}
