import Model
import Schedule

/// When positions are squared off by the market's hours, kept by market time.
struct SessionClock: Sendable {
  /// By the board's position; empty where no instrument has any.
  private let hours: [SquareOffHours?]
  private var windows: [SquareOffHours.Window?]
  /// Those whose window has begun and was told of.
  private var entered: Set<Int> = []
  private var last = Int64.min
  /// The next second at which a window begins or ends.
  private var next = Int64.min
  /// Positions that could not be closed yet, for want of a quote.
  var waiting: Set<Int> = []

  init(_ settings: [String: SquareOffHours], _ instruments: [Instrument]) {
    hours = settings.isEmpty ? [] : instruments.map { settings[$0.name] }
    windows = hours.map { _ in nil }
  }

  private static func second(_ time: Timestamp) -> Int64 {
    let (quotient, remainder) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// Whether a window begins or ends by that time. A replay that starts over begins anew.
  func isDue(_ time: Timestamp) -> Bool {
    guard !hours.isEmpty else { return false }
    let second = Self.second(time)
    return second >= next || second < last
  }

  /// The positions whose window begins by that time.
  mutating func begin(at time: Timestamp) -> [Int] {
    guard isDue(time) else { return [] }
    let second = Self.second(time)
    let isAnew = second < last
    last = second
    next = .max
    var begun: [Int] = []
    for (position, hours) in hours.enumerated() {
      guard let hours else { continue }
      var window = windows[position]
      if isAnew || window.map({ second >= $0.end }) ?? true {
        window = hours.window(endingAfter: second)
        windows[position] = window
        entered.remove(position)
      }
      guard let window else { continue }
      if second < window.start {
        entered.remove(position)
        next = min(next, window.start)
      } else {
        if entered.insert(position).inserted { begun.append(position) }
        next = min(next, window.end)
      }
    }
    return begun
  }

  /// Until when nothing may be opened in an instrument, and its hours; nil where it may.
  func closedUntil(_ position: Int, at time: Timestamp) -> (end: Timestamp, hours: SquareOffHours)? {
    guard position < hours.count, let hours = hours[position] else { return nil }
    let second = Self.second(time)
    let window =
      windows[position].flatMap { second < $0.end && second >= last ? $0 : nil }
      ?? hours.window(endingAfter: second)
    guard window.start <= second else { return nil }
    let (end, overflow) = window.end.multipliedReportingOverflow(by: 1_000_000_000)
    return (Timestamp(nanoseconds: overflow ? .max : end), hours)
  }
}

/// Squaring off by the market's hours: entries are refused and cancelled, positions closed.
extension TradingCore {
  /// Does what begins at a time.
  mutating func squareOffSessions(at time: Timestamp) {
    for position in sessions.begin(at: time) {
      let instrument = board.instruments[position].name
      for book in sortedBooks {
        for number in book.open {
          guard let order = memory[number], order.role == .entry, order.instrument == instrument else {
            continue
          }
          withdraw(number, reason: Self.squareOffWord)
        }
      }
      if board.quotes[position] == nil { sessions.waiting.insert(position) } else { squareOff(position) }
    }
  }

  /// Closes what is held in an instrument, of all strategies.
  mutating func squareOff(_ position: Int) {
    sessions.waiting.remove(position)
    let instrument = board.instruments[position].name
    guard let until = sessions.closedUntil(position, at: now)?.end else { return }
    for book in sortedBooks
    where book.positions[instrument] != nil && closing(book.name, instrument, nil) == nil {
      let units = book.units(instrument)
      emit(
        .sessionSquareOff, strategy: book.name,
        [
          EventField("strategy", .string(book.name)), EventField("instrument", .string(instrument)),
          EventField("units", .number(units)), EventField("until", .string(until.description)),
        ])
      closePosition(lastTrader(book.name, instrument), instrument, reason: Self.squareOffWord)
    }
    // Where a closing order did not fill, the next quote tries again.
    guard strategies.values.contains(where: { $0.positions[instrument] != nil }) else { return }
    sessions.waiting.insert(position)
  }

  /// Refuses what would be held over the end of the session.
  func admitSession(_ intent: OrderIntent) throws(Refusal) {
    guard !intent.reduceOnly, let position = board.position(of: intent.instrument),
      let (end, hours) = sessions.closedUntil(position, at: now)
    else { return }
    throw Refusal(
      "square_off",
      "positions in \(intent.instrument) are squared off from \(hours.time) \(hours.zoneName) on: only reduce_only"
        + " orders, closes and cancels pass until \(end)")
  }

  static let squareOffWord = "square_off"
}
