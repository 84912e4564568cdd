public import Model
import NIOCore
import Synchronization

/// A quote with where it comes from and when it came.
public struct BrokerQuote: Sendable {
  public let broker: String
  public let quote: Quote
  /// Rises with every quote of the hub; a reader's place.
  public let version: Int64
  private let arrived: NIODeadline

  init(broker: String, quote: Quote, version: Int64, arrived: NIODeadline) {
    self.broker = broker
    self.quote = quote
    self.version = version
    self.arrived = arrived
  }

  /// Milliseconds since it came; a recording's quotes too age from then on.
  public var ageMilliseconds: Int64 { (NIODeadline.now() - arrived).nanoseconds / 1_000_000 }
}

/// The latest quote of each instrument at each broker, for any number of readers on any thread.
///
/// There is one subscription of each instrument, the gateway's own; who reads here costs the feed nothing. Only the
/// latest is kept, so a reader that is slow sees fewer quotes, never old ones, and takes no memory.
public final class QuoteHub: Sendable {
  /// What a reader finds.
  public enum Found: Sendable {
    /// One for each instrument and broker that changed, oldest first. The last one's version is the place to go on from.
    case quotes([BrokerQuote])
    /// There was nothing for a while.
    case quiet
    /// The gateway stops.
    case closed
  }

  private struct State {
    /// By instrument, then broker.
    var latest: [String: [BrokerQuote]] = [:]
    var version: Int64 = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    /// How often everybody was woken.
    var rounds = 0
    var isClosed = false

    func changed(after version: Int64, of instruments: Set<String>?) -> [BrokerQuote] {
      guard self.version > version else { return [] }
      let all = instruments?.flatMap { latest[$0] ?? [] } ?? latest.values.flatMap { $0 }
      return all.filter { $0.version > version }.sorted { $0.version < $1.version }
    }

    mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
      guard !waiters.isEmpty else { return [] }
      defer { waiters = [:] }
      return Array(waiters.values)
    }
  }

  private let state = Mutex(State())

  init() {}

  /// Takes quotes of one broker in, at most one of each instrument.
  func publish(_ quotes: [Quote], from broker: (String) -> String) {
    guard !quotes.isEmpty else { return }
    let now = NIODeadline.now()
    let waiters = state.withLock { state in
      for quote in quotes {
        state.version += 1
        let broker = broker(quote.instrument)
        let next = BrokerQuote(broker: broker, quote: quote, version: state.version, arrived: now)
        let index = state.latest[quote.instrument]?.firstIndex { $0.broker == broker }
        if let index {
          state.latest[quote.instrument]?[index] = next
        } else {
          state.latest[quote.instrument, default: []].append(next)
        }
      }
      return state.takeWaiters()
    }
    for waiter in waiters { waiter.resume() }
  }

  /// An instrument's latest quotes, one of each broker that has it.
  public func latest(_ instrument: String) -> [BrokerQuote] {
    state.withLock { $0.latest[instrument] ?? [] }
  }

  /// The version of the latest quote.
  public var version: Int64 { state.withLock { $0.version } }

  /// The highest bid and the lowest ask that any broker has; the first that came where two are equal.
  public func best(_ instrument: String) -> (bid: BrokerQuote, ask: BrokerQuote)? {
    let quotes = latest(instrument)
    guard let first = quotes.first else { return nil }
    return quotes.dropFirst().reduce((bid: first, ask: first)) { best, next in
      (
        bid: next.quote.bid > best.bid.quote.bid ? next : best.bid,
        ask: next.quote.ask < best.ask.quote.ask ? next : best.ask
      )
    }
  }

  /// What changed after a version; waits when nothing did.
  ///
  /// - Parameters:
  ///   - instruments: nil for all.
  ///   - reader: a number that no other waiting reader uses.
  public func next(after version: Int64, of instruments: Set<String>? = nil, reader: Int) async -> Found {
    let round = state.withLock { $0.rounds }
    while true {
      let (changed, mayWait) = state.withLock { state -> ([BrokerQuote], Bool) in
        (state.changed(after: version, of: instruments), state.rounds == round && !state.isClosed)
      }
      if !changed.isEmpty { return .quotes(changed) }
      guard mayWait, !Task.isCancelled else { break }
      await wait(for: version, of: instruments, reader: reader)
    }
    return state.withLock { $0.isClosed } ? .closed : .quiet
  }

  private func wait(for version: Int64, of instruments: Set<String>?, reader: Int) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isLate = state.withLock { state in
          let hasChanged = !state.changed(after: version, of: instruments).isEmpty
          if state.isClosed || hasChanged || Task.isCancelled { return true }
          state.waiters[reader] = continuation
          return false
        }
        if isLate { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: reader) }?.resume()
    }
  }

  /// Wakes every reader, so that it can look whether it still wants to wait.
  public func wakeAll() {
    let waiters = state.withLock { state in
      state.rounds += 1
      return state.takeWaiters()
    }
    for waiter in waiters { waiter.resume() }
  }

  func close() {
    let waiters = state.withLock { state in
      state.isClosed = true
      return state.takeWaiters()
    }
    for waiter in waiters { waiter.resume() }
  }
}

extension QuoteHub {
  /// What one unit of an instrument's quote currency is worth in dollars, at mid prices; nil where nothing says it.
  public func conversion(of instrument: Instrument, to currency: String = "USD") -> Amount? {
    if instrument.quote == currency { return .one }
    if instrument.base == currency, let mid = latest(instrument.name).first?.quote.mid {
      return Amount.one.divided(by: mid)?.rounded(decimals: 8)
    }
    return latest("\(instrument.quote)_\(currency)").first?.quote.mid
      ?? latest("\(currency)_\(instrument.quote)").first.flatMap {
        Amount.one.divided(by: $0.quote.mid)?.rounded(decimals: 8)
      }
  }
}
