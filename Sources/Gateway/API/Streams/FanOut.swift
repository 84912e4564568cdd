import Accounts
import Config
import GatewayService
import Model
import NIOCore
import Synchronization
import Wire

/// Sends events to all streams of one thread.
///
/// A change wakes it once, however many events come meanwhile. It then goes round its readers: those that stand at the
/// same place and want the same share one buffer, so a thousand readers take one encoding and one write each, and as
/// long as a round takes the next events gather. A reader that takes nothing is passed over, at no cost, until it does.
actor FanOut {
  /// Events in one write.
  private static let chunk = 256
  /// Readers that are served before others have their turn on this thread.
  private static let slice = 64
  /// Writes to one reader in one round.
  private static let writesMax = 4
  private static let quoteInterval = TimeAmount.milliseconds(50)
  /// How long a reader has to say who it is.
  private static let identificationTime = TimeAmount.seconds(10)

  /// What several readers of a round may share.
  private struct BatchKey: Hashable {
    let place: Int64
    let format: StreamFormat
    let filter: EventFilter
  }

  private enum Batch {
    case bytes(ByteBuffer, place: Int64)
    case older(until: Int64)
    case nothing
    case closed
  }

  nonisolated let loop: any EventLoop
  private let gateway: Gateway
  private let authentication: Authentication
  private let heartbeat: TimeAmount
  private let isWoken = Atomic(false)
  private var readers: [Int: StreamReader] = [:]
  private var order: [StreamReader] = []
  private var cursor = 0
  private var isRunning = false
  private var runsAgain = false
  private var batches: [BatchKey: Batch] = [:]
  private var heart: RepeatedTask?
  private var quoteTimer: RepeatedTask?

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  init(_ gateway: Gateway, _ authentication: Authentication, on loop: any EventLoop) {
    self.gateway = gateway
    self.authentication = authentication
    self.loop = loop
    let seconds = gateway.configuration.settings.http.heartbeat.components.seconds
    heartbeat = .seconds(seconds)
  }

  /// To be called once: has it woken by every event.
  nonisolated func listen() { gateway.events.onChange { [weak self] in self?.wake() } }

  /// From any thread.
  private nonisolated func wake() {
    guard !isWoken.exchange(true, ordering: .acquiringAndReleasing) else { return }
    loop.execute { self.assumeIsolated { $0.begin() } }
  }

  // MARK: - A round

  private func begin() {
    guard !isRunning else {
      runsAgain = true
      return
    }
    isWoken.store(false, ordering: .releasing)
    isRunning = true
    runsAgain = false
    cursor = 0
    batches.removeAll(keepingCapacity: true)
    goOn()
  }

  private func goOn() {
    let end = min(cursor + Self.slice, order.count)
    while cursor < end, cursor < order.count {
      serve(order[cursor])
      cursor += 1
    }
    if cursor < order.count {
      loop.execute { self.assumeIsolated { $0.goOn() } }
      return
    }
    isRunning = false
    if runsAgain || isWoken.load(ordering: .acquiring) {
      loop.execute { self.assumeIsolated { $0.begin() } }
    }
  }

  /// Sends a reader what is there for it, as far as it takes it.
  private func serve(_ reader: StreamReader) {
    for _ in 0..<Self.writesMax {
      guard let place = reader.place, reader.isAdmitted, !reader.isFetching, reader.isWritable
      else { return }
      switch batch(BatchKey(place: place, format: reader.format, filter: reader.filter)) {
      case .bytes(let bytes, let next):
        reader.place = next
        reader.send(bytes)
      case .older(let until): return fetch(reader, place, until)
      case .nothing: return
      case .closed: return reader.end(.goingAway, "the gateway stops")
      }
    }
    runsAgain = true
  }

  private func batch(_ key: BatchKey) -> Batch {
    if let known = batches[key] { return known }
    let made: Batch =
      switch gateway.events.find(after: key.place, limit: Self.chunk) {
      case .events(let events):
        .bytes(key.format.bytes(events, key.filter), place: events.last?.sequence ?? key.place)
      case .older(let until): .older(until: until)
      case .nothing: .nothing
      case .closed: .closed
      }
    if batches.count >= 64 { batches.removeAll(keepingCapacity: true) }
    batches[key] = made
    return made
  }

  /// Reads on in the store, for a reader that is far behind.
  private func fetch(_ reader: StreamReader, _ place: Int64, _ until: Int64) {
    reader.isFetching = true
    let (id, gateway, filter, format) = (reader.id, gateway, reader.filter, reader.format)
    Task {
      let events = try? await gateway.storedEvents(after: place, limit: Self.chunk)
      let bytes = events.map { format.bytes($0, filter) }
      self.fetched(id, place, events?.first?.sequence, events?.last?.sequence, until, bytes)
    }
  }

  private func fetched(
    _ id: Int, _ place: Int64, _ first: Int64?, _ last: Int64?, _ until: Int64, _ bytes: ByteBuffer?
  ) {
    guard let reader = readers[id] else { return }
    reader.isFetching = false
    // Its filter or its place may have been changed meanwhile.
    guard reader.place == place else { return serveSoon() }
    guard let bytes else { return reader.end(.tryLater, "the events cannot be read") }
    // What was pruned is gone for good: the reader is told that there is a gap, instead of waiting for ever.
    let next = first ?? until + 1
    if next > place + 1 {
      reader.send(reader.format.bytes(type: "gap", payload: ["after": .int(place), "before": .int(next)]))
    }
    reader.place = last ?? until
    reader.send(bytes)
    serveSoon()
  }

  /// Another round, for somebody who has room again or wants something else.
  func serveSoon() { wake() }

  // MARK: - Who reads

  /// Takes a reader in; its door is in the pipeline.
  func enter(_ id: Int, _ door: NIOLoopBound<ChannelHandlerContext>, _ terms: StreamTerms) {
    let reader = StreamReader(id, door, terms)
    readers[id] = reader
    order.append(reader)
    if !reader.isAdmitted {
      loop.scheduleTask(in: Self.identificationTime) { [weak self] in
        guard let self else { return }
        self.assumeIsolated { $0.sendAwayUnidentified(id) }
      }
    }
    beat(reader)
    if heart == nil { startHeart() }
    watchQuotes()
    serveSoon()
  }

  /// The head of the answer is sent: its messages may follow.
  func open(_ id: Int) {
    guard let reader = readers[id] else { return }
    reader.open()
    beat(reader)
    serveSoon()
  }

  private func sendAwayUnidentified(_ id: Int) {
    guard let reader = readers[id], !reader.isAdmitted else { return }
    reader.end(.policy, "unauthorized")
  }

  func leave(_ id: Int) {
    guard readers.removeValue(forKey: id) != nil, let index = order.firstIndex(where: { $0.id == id }) else {
      return
    }
    order.swapAt(index, order.count - 1)
    order.removeLast()
    // The one that was moved may have been passed over.
    if isRunning { runsAgain = true }
    if readers.isEmpty {
      heart?.cancel()
      heart = nil
    }
    watchQuotes()
  }

  /// Has `change` made to a reader, and sends what it then wants.
  func change(_ id: Int, _ change: (StreamReader) -> Void) {
    guard let reader = readers[id], !reader.isEnding else { return }
    reader.silence = 0
    change(reader)
    watchQuotes()
    serveSoon()
  }

  // MARK: - Heartbeats

  private func startHeart() {
    heart = loop.scheduleRepeatedTask(initialDelay: heartbeat, delay: heartbeat) { [weak self] _ in
      self?.assumeIsolated { $0.beat() }
    }
  }

  private func beat() {
    for reader in order {
      look(reader)
      beat(reader)
    }
  }

  /// Who may not read any more is sent away: his token has expired or was revoked, his user removed.
  private func look(_ reader: StreamReader) {
    reader.silence += 1
    // A WebSocket answers each ping. Who does not is gone, whatever his system says.
    if reader.format == .webSocket, reader.silence > 3 { return reader.end(.policy, "no answer to pings") }
    guard reader.isAdmitted else { return }
    switch authentication.identity(of: reader.credential) {
    case .known(let principal) where Self.may(principal, read: reader): break
    case .refused(let refusal): reader.end(.policy, refusal.reason.rawValue)
    case .known, .anonymous: reader.end(.policy, "unauthorized")
    }
  }

  /// Whether somebody may still see what his reader asked for.
  private static func may(_ principal: Principal, read reader: StreamReader) -> Bool {
    let (events, market) = (principal.may(.events), principal.may(.market))
    return (events || market) && (events || reader.place == nil) && (market || reader.quotes.isEmpty)
  }

  private func beat(_ reader: StreamReader) {
    // One that takes nothing would only gather heartbeats.
    guard reader.isWritable else { return }
    if reader.format == .webSocket { reader.send(StreamFormat.ping) }
    if reader.isAdmitted, reader.place != nil {
      reader.send(reader.format.bytes(type: "heartbeat", payload: [:]))
    }
  }

  // MARK: - Quotes

  private func watchQuotes() {
    let isWanted = order.contains { !$0.quotes.isEmpty }
    if isWanted, quoteTimer == nil {
      quoteTimer = loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.quoteInterval) {
        [weak self] _ in self?.assumeIsolated { $0.sendQuotes() }
      }
    } else if !isWanted {
      quoteTimer?.cancel()
      quoteTimer = nil
    }
  }

  /// Only the latest of each instrument, a few times a second: a reader that is slow sees fewer.
  private func sendQuotes() {
    struct Key: Hashable {
      let instrument: String
      let after: Int64
    }
    var shared: [Key: (version: Int64, bytes: ByteBuffer)?] = [:]
    for reader in order where !reader.quotes.isEmpty && reader.isAdmitted && reader.isWritable {
      for (instrument, after) in reader.quotes {
        let key = Key(instrument: instrument, after: after)
        let latest = shared[key] ?? StreamedQuote.latest(gateway, instrument, after: after)
        shared[key] = .some(latest)
        guard let latest else { continue }
        reader.quotes[instrument] = latest.version
        reader.send(latest.bytes)
      }
    }
  }
}
