import Model

/// The open trades of one strategy in one instrument, oldest first; all of one sign, and never none.
///
/// What they come to together is kept with them, so that an order costs the same however many trades there are.
struct Position: RandomAccessCollection, Sendable {
  /// From `first` on; those before it are closed.
  private var trades: [Trade]
  private var first = 0
  /// Signed units of all trades.
  private(set) var units: Quantity
  /// The sum of price times units; nil where it is not known to the last digit.
  private var cost: Amount?

  init(_ trade: Trade) {
    trades = [trade]
    units = trade.units
    cost = Self.exactCost(trade.price, trade.units)
  }

  var startIndex: Int { first }
  var endIndex: Int { trades.endIndex }
  subscript(index: Int) -> Trade { trades[index] }

  // MARK: - Changes

  /// Adds a trade; its id is above the others'.
  mutating func append(_ trade: Trade) {
    trades.append(trade)
    units += trade.units
    add(trade.price, trade.units)
  }

  /// Puts a trade's new value in the place of the old; one without units goes.
  ///
  /// - Returns: Whether any trade is left.
  mutating func update(_ trade: Trade) -> Bool {
    guard let index = index(ofTrade: trade.id) else { return !isEmpty }
    let change = trade.units - trades[index].units
    units += change
    add(trade.price, change)
    if !trade.units.isZero {
      trades[index] = trade
    } else if index == first {
      dropFirst()
    } else {
      trades.remove(at: index)
    }
    return !isEmpty
  }

  /// Closed trades are moved over rarely, as each time moves all others.
  private mutating func dropFirst() {
    first += 1
    guard first >= 64, first * 2 > trades.count else { return }
    trades.removeFirst(first)
    first = 0
  }

  // MARK: - Questions

  subscript(trade id: Int64) -> Trade? { index(ofTrade: id).map { trades[$0] } }

  private func index(ofTrade id: Int64) -> Int? {
    var low = first
    var high = trades.count
    while low < high {
      let middle = (low + high) / 2
      if trades[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low < trades.count && trades[low].id == id ? low : nil
  }

  /// What the trades have gained at a price, in the quote currency: the sum of each one's gain, to the last digit.
  func profit(at price: Price) -> Amount {
    if let cost, let worth = Self.exactCost(price, units), worth.magnitude <= Self.most,
      cost.magnitude <= Self.most
    {
      return worth - cost
    }
    return reduce(.zero) { Cash.sum($0, Cash.profit(units: $1.units, from: $1.price, to: price)) }
  }

  // MARK: - Exact sums

  /// Up to it no sum on the way is held at a limit, so that one product gives what one for each trade would.
  private static let most = Amount(raw: Cash.limit.raw / 4)
  /// Decimals of two factors whose product has no digit that is rounded away.
  private static let decimals = 9

  private static func exactCost(_ price: Price, _ units: Quantity) -> Amount? {
    guard price.fits(decimals: decimals), units.fits(decimals: decimals) else { return nil }
    return price.multiplied(by: units)
  }

  private mutating func add(_ price: Price, _ units: Quantity) {
    guard let before = cost, before.magnitude <= Self.most, let more = Self.exactCost(price, units),
      more.magnitude <= Self.most
    else {
      cost = nil
      return
    }
    cost = before + more
  }
}
