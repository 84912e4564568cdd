public import Model
public import NIOCore

extension ByteBuffer {
  /// Writes a `quote` notification line; prices get as many decimals as the instrument has.
  ///
  /// The hottest message of the house: written once per quote and shared by all subscribers.
  public mutating func writeQuote(_ quote: Quote, priceDecimals: Int) {
    writeStaticString("{\"jsonrpc\":\"2.0\",\"method\":\"quote\",\"params\":{\"seq\":")
    writeQuoteFields(quote, priceDecimals: priceDecimals)
    writeStaticString("}}\n")
  }

  fileprivate mutating func writeQuoteFields(_ quote: Quote, priceDecimals: Int) {
    writeDecimal(quote.sequence)
    writeStaticString(",\"instrument\":")
    writeJSONString(quote.instrument)
    writeStaticString(",\"bid\":\"")
    writeAmount(quote.bid, minimumDecimals: priceDecimals)
    writeStaticString("\",\"ask\":\"")
    writeAmount(quote.ask, minimumDecimals: priceDecimals)
    writeStaticString("\",\"time\":")
    writeTimestamp(quote.time)
  }

  /// Writes a `candle` notification line.
  public mutating func writeCandle(_ candle: Candle, priceDecimals: Int) {
    writeNotification("candle") { $0.value(candle, priceDecimals: priceDecimals) }
  }
}

extension JSONWriter {
  /// A quote as an object, as `quote.latest` answers it.
  public mutating func value(_ quote: Quote, priceDecimals: Int) {
    beginObject()
    field("seq", quote.sequence)
    field("instrument", quote.instrument)
    field("bid", quote.bid, minimumDecimals: priceDecimals)
    field("ask", quote.ask, minimumDecimals: priceDecimals)
    field("time", quote.time)
    endObject()
  }

  public mutating func value(_ candle: Candle, priceDecimals: Int) {
    beginObject()
    field("instrument", candle.instrument)
    field("granularity", candle.granularity.rawValue)
    field("time", candle.start)
    field("open", candle.open, minimumDecimals: priceDecimals)
    field("high", candle.high, minimumDecimals: priceDecimals)
    field("low", candle.low, minimumDecimals: priceDecimals)
    field("close", candle.close, minimumDecimals: priceDecimals)
    field("volume", candle.volume)
    field("complete", candle.isComplete)
    endObject()
  }
}

extension Quote {
  /// Reads the parameters of a `quote` notification; nil when a field is missing or of the wrong kind.
  public init?(params: UnsafeRawBufferPointer) {
    var sequence = Int64?.none
    var instrument = String?.none
    var bid = Price?.none
    var ask = Price?.none
    var time = Timestamp?.none
    var scanner = JSONScanner(params)
    do throws(WireError) {
      try scanner.object { (key, scanner) throws(WireError) in
        if key == "seq" {
          sequence = try scanner.wholeNumber()
        } else if key == "instrument" {
          instrument = try scanner.string()
        } else if key == "bid" {
          bid = try scanner.amount()
        } else if key == "ask" {
          ask = try scanner.amount()
        } else if key == "time" {
          time = Timestamp(rfc3339: try scanner.stringBytes().bytes)
        } else {
          try scanner.skip()
        }
      }
    } catch {
      return nil
    }
    guard let sequence, let instrument, let bid, let ask, let time else { return nil }
    self.init(sequence: sequence, instrument: instrument, bid: bid, ask: ask, time: time)
  }
}

extension Candle {
  /// Reads a `candle` notification's parameters, or an element of the answer to `candles`.
  public init(_ json: JSON) throws(RPCError) {
    guard let start = try json.optionalTimestamp("time") else { throw .invalidParams("time is missing") }
    self.init(
      instrument: try json.string("instrument"), granularity: try json.word("granularity"), start: start,
      open: try json.amount("open"), high: try json.amount("high"), low: try json.amount("low"),
      close: try json.amount("close"), volume: try json.int("volume"),
      isComplete: try json.optionalBool("complete") ?? true)
  }
}

extension JSONScanner {
  /// Reads a number with the digits of an Int64; nil for one with others.
  public mutating func wholeNumber() throws(WireError) -> Int64? {
    let digits = try numberBytes()
    var index = 0
    let negative = digits.first == UInt8(ascii: "-")
    if negative { index = 1 }
    guard digits.count - index <= 18 else { return Int64(String(decoding: digits, as: UTF8.self)) }
    var value: Int64 = 0
    while index < digits.count {
      let digit = digits[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value &* 10 &+ Int64(digit)
      index += 1
    }
    return negative ? -value : value
  }

  /// Reads a decimal string or a number, from its digits; nil for a string that holds none.
  public mutating func amount() throws(WireError) -> Amount? {
    if peek() == UInt8(ascii: "\"") { return Amount(digits: try stringBytes().bytes) }
    return Amount(digits: try skip())
  }
}
