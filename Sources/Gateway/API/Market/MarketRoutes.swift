import Accounts
import GatewayService
import Hummingbird
import Model
import Storage
import Wire

/// Prices and candles in OANDA's shapes: `/brokers/oanda/…` and the requirements' Market Data API, `/oanda/…`, which a
/// second listener can serve alone.
///
/// No account of OANDA is configured, so they come from the paper feed, and each answer says so.
struct MarketRoutes: Sendable {
  private static let countMax = 5_000

  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    router.get("brokers/oanda/prices", use: prices)
    router.get("brokers/oanda/candles", use: candles)
    addDataAPI(to: router)
  }

  /// The routes of the requirements' port 5560.
  func addDataAPI(to router: Router<ArenaContext>) {
    router.get("oanda/prices/:env", use: prices)
    router.get("oanda/candles/:env", use: candles)
  }

  @Sendable private func prices(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.market)
    try environment(request, context)
    let query = request.uri.queryParameters
    guard let list = query["instrument"] ?? query["instruments"], !list.isEmpty else {
      throw Answer(
        .badRequest, "missing_field", "instrument is missing: give one or more, as in ?instrument=EUR_USD")
    }
    let isTradeable = gateway.health.current.feed == .live
    var prices: [JSON] = []
    for name in list.split(separator: ",").prefix(gateway.instruments.count) {
      let instrument = try gateway.quoted(name)
      guard let found = gateway.quotes.latest(instrument.name).first else { continue }
      prices.append(
        PriceShapes(instrument).price(
          found.quote, isTradeable: isTradeable, conversion: gateway.quotes.conversion(of: instrument)))
    }
    guard !prices.isEmpty else {
      throw Answer(
        .serviceUnavailable, "no_quote", "there is no quote of \(list.prefix(64)) yet: try again in a moment")
    }
    return .json(
      .ok,
      [
        "time": .string("\(WallClock.now)"), "prices": .array(prices),
        "source": .string(gateway.marketSource),
      ]
    ).telling(gateway.marketSource)
  }

  @Sendable private func candles(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.market)
    try environment(request, context)
    let instrument = try request.instrument(of: gateway)
    let query = request.uri.queryParameters
    let word = query["granularity"] ?? "S5"
    guard let granularity = Granularity(rawValue: word.uppercased()) else {
      let known = Granularity.allCases.map(\.rawValue).joined(separator: ", ")
      throw Answer(.badRequest, "bad_field", "granularity must be one of \(known)")
    }
    if let price = query["price"], price != "M" {
      throw Answer(.badRequest, "bad_field", "price must be M: candles are kept of mid prices")
    }
    guard let count = Int(query["count"] ?? "500"), (1...Self.countMax).contains(count) else {
      throw Answer(.badRequest, "bad_field", "count must be a whole number from 1 to \(Self.countMax)")
    }
    let span = CandleSpan(
      from: try time("from", query["from"]), to: try time("to", query["to"]), count: count)
    let candles: [Candle]
    do throws(StorageError) {
      candles = try await gateway.candles(of: instrument.name, granularity, span)
    } catch {
      throw Answer(.serviceUnavailable, "candles_unreadable", error.message)
    }
    let shapes = PriceShapes(instrument)
    return .json(
      .ok,
      [
        "instrument": .string(instrument.name), "granularity": .string(granularity.rawValue),
        "candles": .array(candles.map(shapes.candle)), "source": .string(gateway.marketSource),
      ]
    ).telling(gateway.marketSource)
  }

  /// `live` too is answered from the paper feed, and the answer's source says so.
  private func environment(_ request: Request, _ context: ArenaContext) throws(Answer) {
    guard let named = context.parameters.get("env") else {
      _ = try BrokerEnvironment.read(request.uri.queryParameters["env"])
      return
    }
    guard ["paper", "practice", "live"].contains(named) else {
      throw Answer(.notFound, "not_found", "there are prices at paper and at live")
    }
  }

  /// RFC 3339, or seconds since 1970 with a fraction, as OANDA takes both.
  private func time(_ name: String, _ text: Substring?) throws(Answer) -> Timestamp? {
    guard let text else { return nil }
    if let time = Timestamp(String(text)) { return time }
    if let seconds = Amount(text), seconds >= .zero, seconds <= 9_000_000_000 {
      return Timestamp(nanoseconds: Int64(clamping: seconds.raw / 1_000_000_000))
    }
    throw Answer(.badRequest, "bad_field", "\(name) must be a time such as 2026-11-21T11:55:27Z")
  }
}
