import GatewayService
import Hummingbird
import Model
import Wire

/// An order as a body of `POST /orders` asks for it: in the requirements' words (`symbol`, `qty`, `sl`, `tp`) or in
/// those of the workers' protocol (`instrument`, `units`, `stop_loss`, `take_profit`).
struct OrderForm {
  private static let yearMinutes = 525_600

  let fields: BodyFields

  init(_ body: JSON) { fields = BodyFields(body) }

  /// The sub-account that it is for.
  func account() throws(Answer) -> String { try fields.text("strategy") ?? Gateway.manualAccount }

  /// The intent, in the general words.
  func intent() throws(Answer) -> OrderIntent {
    var intent = try start(
      instrument: try fields.required("symbol", try fields.text("symbol", "instrument")),
      side: try fields.required("side", try fields.word("side")),
      units: try fields.required("qty", try fields.amount("qty", "units")))
    intent.type = try fields.word("type") ?? .market
    intent.price = try fields.amount("price")
    intent.terms = try terms()
    intent.quality = try quality()
    return intent
  }

  /// What manages the trade that it opens, and what only some types have.
  private func terms() throws(Answer) -> OrderTerms {
    do throws(RPCError) {
      return try OrderTerms(fields.body)
    } catch {
      throw Answer(.badRequest, "bad_field", error.message)
    }
  }

  /// The position that a body asks for, whatever is held now.
  func target() throws(Answer) -> PositionTarget {
    PositionTarget(
      clientOrderID: try fields.text("client_order_id"),
      instrument: try fields.required("symbol", try fields.text("symbol", "instrument")),
      units: try fields.required("target", try fields.amount("target", "position_size")),
      stopLoss: try fields.amount("sl", "stop_loss"), takeProfit: try fields.amount("tp", "take_profit"),
      quality: try quality(), tag: try fields.text("tag"), terms: try terms())
  }

  /// What all routes read alike; each adds the type and its prices.
  func start(instrument: String, side: Side, units: Quantity) throws(Answer) -> OrderIntent {
    var intent = OrderIntent(instrument: instrument, side: side, units: units)
    intent.clientOrderID = try fields.text("client_order_id")
    intent.stopLoss = try fields.amount("sl", "stop_loss", "stop_loss_price")
    intent.takeProfit = try fields.amount("tp", "take_profit", "take_profit_price")
    intent.timeInForce = try fields.word("time_in_force")
    intent.reduceOnly = try fields.flag("reduce_only") ?? false
    intent.tag = try fields.text("tag")
    intent.expires = try fields.time("expires")
    intent.timeToLiveSeconds = try fields.whole("ttl_s", in: 1...Self.yearMinutes * 60)
    if let minutes = try fields.whole("ttl_min", in: 1...Self.yearMinutes) {
      intent.timeToLiveSeconds = minutes * 60
    }
    intent.terms = try terms()
    intent.terms.limitPrice = nil
    intent.terms.distance = nil
    return intent
  }

  /// A score of 0 to 100, whole ones counting: 74.9 is not yet 75.
  func quality() throws(Answer) -> Int? {
    guard let score = try fields.amount("quality_score", "quality") else { return nil }
    guard score >= .zero, score <= 100 else {
      throw Answer(.badRequest, "bad_field", "quality_score must be a number from 0 to 100")
    }
    return Int(score.truncated(decimals: 0).description)
  }
}
