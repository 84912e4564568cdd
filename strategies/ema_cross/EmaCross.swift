import StrategyKit

/// Trades the crossing of two exponential moving averages of candle closes, long and short, with a stop loss and a
/// take profit on every entry.
///
/// Parameters: `instrument`, `candle` (granularity), `fast` and `slow` (candles), `units`, `stop_pips`, `target_pips`.
@main
final class EmaCross: Strategy {
  private var symbol = "EUR_USD"
  private var units: Quantity = 1000
  private var stop: Price = .zero
  private var target: Price = .zero
  private var fast = ExponentialAverage(period: 12)
  private var slow = ExponentialAverage(period: 26)
  private var wasAbove: Bool?
  private var lastQuote: Quote?

  override func onStart() async throws {
    symbol = params.string("instrument", symbol)
    units = params.amount("units", units)
    fast = ExponentialAverage(period: params.int("fast", 12))
    slow = ExponentialAverage(period: params.int("slow", 26))
    let granularity = Granularity(rawValue: params.string("candle", "S5")) ?? .s5
    // One pip is ten ticks: 0.0001 with five decimals, 0.01 with three.
    let pip = (instrument(symbol)?.tick ?? .step(decimals: 5)) * 10
    stop = params.amount("stop_pips", 10) * pip
    target = params.amount("target_pips", 15) * pip
    for candle in try await candles(symbol, granularity, count: 100) where candle.isComplete {
      follow(candle)
    }
    try await subscribe([symbol], candles: [granularity])
    log(.info, "\(symbol): EMA \(fast.period) against EMA \(slow.period) of \(granularity.rawValue) candles")
  }

  override func onQuote(_ quote: Quote) async throws { lastQuote = quote }

  override func onCandle(_ candle: Candle) async throws {
    guard let side = follow(candle), let quote = lastQuote, !isPaused else { return }
    do {
      // An open position is turned: what stands against the new side is closed first.
      try await close(symbol)
      if side == .buy {
        try await buy(symbol, units: units, stopLoss: quote.ask - stop, takeProfit: quote.ask + target)
      } else {
        try await sell(symbol, units: units, stopLoss: quote.bid + stop, takeProfit: quote.bid - target)
      }
    } catch let refusal as Refusal {
      log(.warning, "no \(side.rawValue): \(refusal.message)", ["reason": refusal.reason])
    }
  }

  override func onFill(_ fill: Fill) async throws {
    log(
      .info, "\(fill.role.rawValue) \(fill.side.rawValue) \(fill.units) \(fill.instrument) at \(fill.price)")
    metric("realised", fill.realised.approximate)
  }

  /// Takes a candle into the averages and returns the side to be on when they have just crossed.
  @discardableResult
  private func follow(_ candle: Candle) -> Side? {
    let close = candle.close.approximate
    guard let fast = fast.add(close), let slow = slow.add(close) else { return nil }
    metric("ema_spread", fast - slow)
    let isAbove = fast > slow
    defer { wasAbove = isAbove }
    guard let wasAbove, wasAbove != isAbove else { return nil }
    return isAbove ? .buy : .sell
  }
}
