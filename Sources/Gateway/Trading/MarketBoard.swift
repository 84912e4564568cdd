import Model

/// The latest quote of each instrument, and what its currency is worth in the account's.
struct MarketBoard: Sendable {
  let instruments: [Instrument]
  let currency: String
  private(set) var quotes: [Quote?]
  private let index: [String: Int]
  private var last = 0
  /// For each instrument the ways from its quote currency to the account's, best first.
  private let routes: [[Route]]
  /// The rates that money was last booked at, by currency.
  var savedRates: [String: Amount] = [:]

  /// A way from one currency to another through one pair or two.
  private typealias Route = [Hop]

  private struct Hop: Sendable {
    let instrument: Int
    /// From the pair's quote currency to its base.
    let isInverse: Bool
  }

  init(_ unsorted: [Instrument], currency: String) {
    var index: [String: Int] = [:]
    var instruments: [Instrument] = []
    for instrument in unsorted.sorted(by: { $0.name < $1.name }) where index[instrument.name] == nil {
      index[instrument.name] = instruments.count
      instruments.append(instrument)
    }
    self.instruments = instruments
    self.currency = currency
    self.index = index
    quotes = Array(repeating: nil, count: instruments.count)
    routes = instruments.map { Self.routes(from: $0.quote, to: currency, instruments) }
  }

  /// Direct pairs, then the account's currency in another, then ways through a third; each by name.
  private static func routes(
    from: String, to: String, _ instruments: [Instrument]
  ) -> [Route] {
    guard from != to else { return [[]] }
    func hops(_ source: String) -> [(target: String, hop: Hop)] {
      instruments.enumerated().compactMap { offset, pair in
        if pair.base == source { return (pair.quote, Hop(instrument: offset, isInverse: false)) }
        if pair.quote == source { return (pair.base, Hop(instrument: offset, isInverse: true)) }
        return nil
      }
    }
    let first = hops(from)
    let one = first.filter { $0.target == to }.map { [$0.hop] }
    let two = first.filter { $0.target != to }.flatMap { step in
      hops(step.target).filter { $0.target == to }.map { [step.hop, $0.hop] }
    }
    return one.filter { !$0[0].isInverse } + one.filter { $0[0].isInverse } + two
  }

  func position(of instrument: String) -> Int? { index[instrument] }

  func instrument(_ name: String) -> Instrument? { index[name].map { instruments[$0] } }

  func quote(_ instrument: String) -> Quote? { index[instrument].flatMap { quotes[$0] } }

  /// The position of the instrument that a quote is of; nil when it is unknown.
  mutating func position(ofQuoted instrument: String) -> Int? {
    // Most quotes follow one of the same instrument, and names this short compare in a few instructions.
    if last < instruments.count, instruments[last].name == instrument { return last }
    guard let position = index[instrument] else { return nil }
    last = position
    return position
  }

  mutating func take(_ quote: Quote, at position: Int) { quotes[position] = quote }

  /// The instruments whose quotes convert an instrument's quote currency to the account's; none where they are one.
  func conversions(of instrument: Int) -> [Int] {
    routes[instrument].flatMap { $0.map(\.instrument) }
  }

  /// What one unit of an instrument's quote currency is worth in the account's currency, at mid prices; the rate
  /// that money was last booked at where there is no quote; nil when there is neither.
  func rate(for instrument: Int) -> Amount? {
    for route in routes[instrument] {
      if let rate = rate(route) { return rate }
    }
    return savedRates[instruments[instrument].quote]
  }

  private func rate(_ route: Route) -> Amount? {
    var rate = Amount.one
    for hop in route {
      guard let mid = quotes[hop.instrument]?.mid,
        let next = hop.isInverse ? rate.divided(by: mid) : rate.multiplied(by: mid)
      else { return nil }
      rate = next
    }
    return rate.isPositive && rate <= Cash.limit ? rate : nil
  }
}
