public import Model
public import NIOCore

extension OrderIntent {
  /// Reads the parameters of `order.place`.
  public init(params: UnsafeRawBufferPointer) throws(RPCError) {
    var fields = OrderFields()
    var scanner = JSONScanner(params)
    do throws(WireError) {
      try scanner.object { (key, scanner) throws(WireError) in
        try fields.read(key, &scanner)
      }
    } catch {
      throw .invalidParams("the order must be an object: \(error)")
    }
    if let problem = fields.problem { throw problem }
    guard let instrument = fields.instrument else { throw .invalidParams("instrument is missing") }
    guard let side = fields.side else { throw .invalidParams("side must be buy or sell") }
    guard let units = fields.units else {
      throw .invalidParams("units is missing: give a decimal string such as \"1000\"")
    }
    self.init(
      clientOrderID: fields.clientOrderID, instrument: instrument, side: side, type: fields.type ?? .market,
      units: units, price: fields.price, stopLoss: fields.stopLoss, takeProfit: fields.takeProfit,
      timeInForce: fields.timeInForce, reduceOnly: fields.reduceOnly, quality: fields.quality,
      timeToLiveSeconds: fields.timeToLive, tag: fields.tag, expires: fields.expires, terms: fields.terms)
  }

  /// The parameters of `order.place`, as the SDK sends them.
  ///
  /// - Parameter more: writes further fields, of a request that is like it.
  public func write(to writer: inout JSONWriter, and more: (inout JSONWriter) -> Void = { _ in }) {
    writer.beginObject()
    if let clientOrderID { writer.field("client_order_id", clientOrderID) }
    writer.field("instrument", instrument)
    writer.field("side", side.rawValue)
    writer.field("type", type.rawValue)
    writer.field("units", units)
    if let price { writer.field("price", price) }
    if let stopLoss { writer.field("stop_loss", stopLoss) }
    if let takeProfit { writer.field("take_profit", takeProfit) }
    if let timeInForce { writer.field("time_in_force", timeInForce.rawValue) }
    if reduceOnly { writer.field("reduce_only", true) }
    if let quality { writer.field("quality", quality) }
    if let timeToLiveSeconds { writer.field("ttl_s", timeToLiveSeconds) }
    if let tag { writer.field("tag", tag) }
    if let expires { writer.field("expires", expires) }
    terms.write(to: &writer)
    more(&writer)
    writer.endObject()
  }
}

/// The fields of `order.place` while they are being read; the first problem is kept, the rest is still checked.
private struct OrderFields {
  var clientOrderID: String?
  var instrument: String?
  var side: Side?
  var type: OrderType?
  var units: Quantity?
  var price: Price?
  var stopLoss: Price?
  var takeProfit: Price?
  var timeInForce: TimeInForce?
  var reduceOnly = false
  var quality: Int?
  var timeToLive: Int?
  var tag: String?
  var expires: Timestamp?
  var terms = OrderTerms()
  var problem: RPCError?

  mutating func read(_ key: UnsafeRawBufferPointer, _ scanner: inout JSONScanner) throws(WireError) {
    if scanner.peek() == UInt8(ascii: "n") {
      try scanner.skip()
    } else if key == "client_order_id" {
      clientOrderID = try text("client_order_id", &scanner)
    } else if key == "instrument" {
      instrument = try text("instrument", &scanner)
    } else if key == "side" {
      side = try word("side", &scanner)
    } else if key == "type" {
      type = try word("type", &scanner)
    } else if key == "units" {
      units = try amount("units", &scanner)
    } else if key == "price" {
      price = try amount("price", &scanner)
    } else if key == "stop_loss" {
      stopLoss = try amount("stop_loss", &scanner)
    } else if key == "take_profit" {
      takeProfit = try amount("take_profit", &scanner)
    } else if key == "time_in_force" {
      timeInForce = try word("time_in_force", &scanner)
    } else if key == "reduce_only" {
      let value = try scanner.skip()
      if value == "true" {
        reduceOnly = true
      } else if !(value == "false") {
        wrong("reduce_only", "true or false")
      }
    } else if key == "quality" {
      quality = try whole("quality", &scanner)
    } else if key == "ttl_s" {
      timeToLive = try whole("ttl_s", &scanner)
    } else if key == "tag" {
      tag = try text("tag", &scanner)
    } else {
      try readRare(key, &scanner)
    }
  }

  private mutating func readRare(
    _ key: UnsafeRawBufferPointer, _ scanner: inout JSONScanner
  ) throws(WireError) {
    if key == "expires" {
      expires = try text("expires", &scanner).flatMap { Timestamp($0) }
      if expires == nil { wrong("expires", "a time such as \"2026-11-21T11:55:27Z\"") }
    } else if key == "limit_price" {
      terms.limitPrice = try amount("limit_price", &scanner)
    } else if key == "distance" {
      terms.distance = try amount("distance", &scanner)
    } else if key == "break_even" {
      terms.breakEven = try amount("break_even", &scanner)
    } else if key == "trail" {
      terms.trail = try amount("trail", &scanner)
    } else if key == "trail_atr" {
      terms.rangeTrail = try rule("trail_atr", &scanner) { (json) throws(RPCError) in try RangeTrail(json) }
    } else if key == "momentum" {
      terms.momentum = try rule("momentum", &scanner) { (json) throws(RPCError) in try MomentumRule(json) }
    } else if key == "max_hold_s" {
      terms.maxHoldSeconds = try whole("max_hold_s", &scanner)
    } else {
      try scanner.skip()
    }
  }

  private mutating func rule<Rule>(
    _ field: String, _ scanner: inout JSONScanner, _ read: (JSON) throws(RPCError) -> Rule
  ) throws(WireError) -> Rule? {
    let json = try scanner.tree()
    guard json.objectValue != nil else {
      wrong(field, "an object")
      return nil
    }
    do throws(RPCError) {
      return try read(json)
    } catch {
      if problem == nil { problem = .invalidParams("\(field): \(error.message)") }
      return nil
    }
  }

  private mutating func wrong(_ field: String, _ what: String) {
    if problem == nil { problem = .invalidParams("\(field) must be \(what)") }
  }

  private mutating func text(_ field: String, _ scanner: inout JSONScanner) throws(WireError) -> String? {
    guard scanner.peek() == UInt8(ascii: "\"") else {
      try scanner.skip()
      wrong(field, "a string")
      return nil
    }
    let text = try scanner.string()
    guard text.utf8.count <= 256 else {
      wrong(field, "at most 256 bytes long")
      return nil
    }
    return text
  }

  private mutating func word<Word: RawRepresentable & CaseIterable>(
    _ field: String, _ scanner: inout JSONScanner
  ) throws(WireError) -> Word? where Word.RawValue == String {
    let text = try text(field, &scanner)
    guard let word = text.flatMap({ Word(rawValue: $0.lowercased()) }) else {
      wrong(field, "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
      return nil
    }
    return word
  }

  private mutating func amount(_ field: String, _ scanner: inout JSONScanner) throws(WireError) -> Amount? {
    let value = try scanner.amount()
    if value == nil { wrong(field, "a decimal number with at most 18 fractional digits, such as \"1.1655\"") }
    return value
  }

  private mutating func whole(_ field: String, _ scanner: inout JSONScanner) throws(WireError) -> Int? {
    let isText = scanner.peek() == UInt8(ascii: "\"")
    let digits = isText ? try scanner.string() : String(decoding: try scanner.skip(), as: UTF8.self)
    guard let value = Int(digits) else {
      wrong(field, "a whole number")
      return nil
    }
    return value
  }
}

extension ByteBuffer {
  /// Writes an `order.place` request line.
  public mutating func writeOrderPlace(_ id: RequestID, _ intent: OrderIntent) {
    writeRequest(id, "order.place") { intent.write(to: &$0) }
  }
}
