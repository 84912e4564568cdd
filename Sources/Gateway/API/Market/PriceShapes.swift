import GatewayService
import Model
import Wire

/// OANDA's own shapes of prices and candles, which the users' programs read.
struct PriceShapes {
  /// Units that one price is good for, where the feed does not say: what OANDA's practice accounts show.
  private static let liquidity = 10_000_000

  let decimals: Int

  init(_ instrument: Instrument) { decimals = instrument.priceDecimals }

  /// A `ClientPrice`.
  func price(_ quote: Quote, isTradeable: Bool, conversion: Amount?) -> JSON {
    [
      "type": "PRICE", "instrument": .string(quote.instrument), "time": .string("\(quote.time)"),
      "status": isTradeable ? "tradeable" : "non-tradeable", "tradeable": .bool(isTradeable),
      "bids": [bucket(quote.bid, quote.bidSize)], "asks": [bucket(quote.ask, quote.askSize)],
      "closeoutBid": text(quote.bid), "closeoutAsk": text(quote.ask),
      "quoteHomeConversionFactors": conversion.map {
        ["positiveUnits": .string("\($0)"), "negativeUnits": .string("\($0)")]
      } ?? .null,
    ]
  }

  private func bucket(_ price: Price, _ size: Quantity?) -> JSON {
    ["price": text(price), "liquidity": size.map { .amount($0) } ?? .int(Self.liquidity)]
  }

  /// A `Candlestick` of mid prices.
  func candle(_ candle: Candle) -> JSON {
    [
      "complete": .bool(candle.isComplete), "volume": .int(candle.volume),
      "time": .string("\(candle.start)"),
      "mid": [
        "o": text(candle.open), "h": text(candle.high), "l": text(candle.low), "c": text(candle.close),
      ],
    ]
  }

  private func text(_ price: Price) -> JSON { .string(price.text(minimumDecimals: decimals)) }
}
