import Model
import NIOCore
import Testing
import Wire

@Suite("Hot messages")
struct MessageTests {
  private func read(_ buffer: ByteBuffer) throws -> Frame {
    var buffer = buffer
    let line = buffer.readSlice(length: buffer.readableBytes - 1) ?? ByteBuffer()
    let end: UInt8? = buffer.readInteger()
    #expect(end == UInt8(ascii: "\n"))
    return try Frame(line)
  }

  private let quote = Quote(
    sequence: 17, instrument: "EUR_USD", bid: Amount("1.3869") ?? .zero, ask: Amount("1.38705") ?? .zero,
    time: Timestamp(milliseconds: 1_398_988_800_277))

  @Test("a quote survives a round trip, with the instrument's decimals on the wire")
  func quotes() throws {
    var buffer = ByteBuffer()
    buffer.writeQuote(quote, priceDecimals: 5)
    #expect(
      String(buffer: buffer)
        == #"{"jsonrpc":"2.0","method":"quote","params":{"seq":17,"instrument":"EUR_USD","bid":"1.38690","#
        + #""ask":"1.38705","time":"2014-05-02T00:00:00.277000Z"}}"# + "\n")
    let frame = try read(buffer)
    #expect(frame.methodIs("quote"))
    #expect(frame.withBody { Quote(params: $0) } == quote)
  }

  @Test(
    "a quote with a field missing or of the wrong kind is no quote",
    arguments: [
      #"{"seq":1,"instrument":"A","bid":"1","time":"2014-05-02T00:00:00Z"}"#,
      #"{"seq":"1","instrument":"A","bid":"1","ask":"1","time":"2014-05-02T00:00:00Z"}"#,
      #"{"seq":1,"instrument":"A","bid":"x","ask":"1","time":"2014-05-02T00:00:00Z"}"#,
      #"{"seq":1,"instrument":"A","bid":"1","ask":"1","time":"yesterday"}"#, "[]", "{",
    ])
  func badQuotes(text: String) {
    var text = text
    let quote = text.withUTF8 { Quote(params: UnsafeRawBufferPointer($0)) }
    #expect(quote == nil)
  }

  @Test("an order intent survives a round trip")
  func orders() throws {
    let intent = OrderIntent(
      clientOrderID: "grid-bot-3-1", instrument: "EUR_USD", side: .sell, type: .limit, units: 1000,
      price: Amount("1.39"), stopLoss: Amount("1.40"), takeProfit: Amount("1.38"), timeInForce: .gtc,
      quality: 75, timeToLiveSeconds: 60, tag: "a \"tag\"",
      expires: Timestamp(milliseconds: 1_398_988_800_277),
      terms: OrderTerms(
        limitPrice: Amount("1.391"), distance: Amount("0.001"), breakEven: Amount("0.002"),
        trail: Amount("0.003"), maxHoldSeconds: 60))
    var buffer = ByteBuffer()
    buffer.writeOrderPlace(.number(1), intent)
    let frame = try read(buffer)
    #expect(frame.kind == .request(.number(1)))
    #expect(try frame.withBody { (bytes) throws(RPCError) in try OrderIntent(params: bytes) } == intent)
  }

  @Test("prices are read from their digits, as strings and as numbers")
  func digits() throws {
    var text =
      #"{"instrument":"EUR_USD","side":"BUY","units":1000,"stop_loss":1.1600,"take_profit":"1.1700","price":null}"#
    let intent = try text.withUTF8 { try OrderIntent(params: UnsafeRawBufferPointer($0)) }
    #expect(intent.side == .buy)
    #expect(intent.units == 1000)
    #expect(intent.stopLoss == Amount("1.16"))
    #expect(intent.takeProfit == Amount("1.17"))
    #expect(intent.price == nil)
  }

  @Test(
    "a wrong field of an order is named",
    arguments: [
      (#"{"side":"buy","units":"1"}"#, "instrument"),
      (#"{"instrument":"A","side":"up","units":"1"}"#, "side"),
      (#"{"instrument":"A","side":"buy","units":"many"}"#, "units"),
      (#"{"instrument":"A","side":"buy","units":"1","stop_loss":true}"#, "stop_loss"),
      (#"{"instrument":"A","side":"buy","units":"1","quality":"good"}"#, "quality"),
      (#"{"instrument":"A","side":"buy","units":"1","reduce_only":1}"#, "reduce_only"), ("[]", "object"),
    ])
  func wrongOrders(text: String, field: String) {
    var text = text
    let error = #expect(throws: RPCError.self) {
      try text.withUTF8 { try OrderIntent(params: UnsafeRawBufferPointer($0)) }
    }
    #expect(error?.message.contains(field) == true)
    #expect(error?.code == -32602)
  }

  @Test("logs and metrics survive a round trip")
  func telemetry() throws {
    let log = LogRecord(
      level: .warning, message: "drawdown \"deep\"", fieldsJSON: #"{"pips":"12"}"#,
      time: Timestamp(milliseconds: 1_398_988_800_277))
    let metric = MetricSample(name: "signal_strength", value: 0.81, labelsJSON: #"{"side":"buy"}"#)
    var buffer = ByteBuffer()
    buffer.writeLog(log)
    #expect(try read(buffer).withBody { LogRecord(params: $0) } == log)
    buffer.clear()
    buffer.writeMetric(metric)
    #expect(try read(buffer).withBody { MetricSample(params: $0) } == metric)
  }

  @Test("of a list of metrics the good ones are taken and the others counted")
  func metricLists() {
    var text = #"[{"name":"a","value":1},{"name":"b"},7,{"name":"c","value":"2.5"},{"name":"","value":1}]"#
    let (samples, malformed) = text.withUTF8 { MetricSample.list(params: UnsafeRawBufferPointer($0)) }
    #expect(samples.map(\.name) == ["a", "c"])
    #expect(samples.last?.value == 2.5)
    #expect(malformed == 3)
  }
}
