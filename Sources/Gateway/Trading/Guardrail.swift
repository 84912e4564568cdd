/// Every rule that can keep an entry from the market, by the stable word of its refusal; docs/arena.md has them in a
/// table. What is wrong with a request itself (an unknown instrument, a price with too many decimals) is none.
public enum Guardrail: String, Sendable, CaseIterable {
  // Of the whole gateway.
  case modeOff = "mode_off"
  case killSwitch = "kill_switch"
  // Of one strategy.
  case tradingPaused = "trading_paused"
  case squaredOff = "squared_off"
  case squareOff = "square_off"
  // Of the order.
  case ocoRequired = "oco_required"
  case stopLossWrongSide = "stop_loss_wrong_side"
  case takeProfitWrongSide = "take_profit_wrong_side"
  case qualityRequired = "quality_required"
  case qualityTooLow = "quality_too_low"
  // What a strategy may do.
  case brokerNotAllowed = "broker_not_allowed"
  case instrumentNotAllowed = "instrument_not_allowed"
  case unitsOverLimit = "units_over_limit"
  // Risk.
  case canaryUnits = "canary_units"
  case canaryNotional = "canary_notional"
  case canaryDailyLoss = "canary_daily_loss"
  case tooManyOpenOrders = "too_many_open_orders"
  case tooManyOpenPositions = "too_many_open_positions"
  case exposureLimit = "exposure_limit"
  case totalExposureLimit = "total_exposure_limit"
  case dailyLossLimit = "daily_loss_limit"
  case totalDailyLossLimit = "total_daily_loss_limit"
  case orderRate = "order_rate"
  case priceCollar = "price_collar"
  case staleQuote = "stale_quote"
  case insufficientMargin = "insufficient_margin"
  /// Nothing opens before orders, fills and positions were compared with the broker's.
  case reconciling = "reconciling"

  /// Those that look again when an entry that has waited is reached; then they cancel it.
  public static let atFill: Set<Guardrail> = [
    .canaryUnits, .canaryNotional, .canaryDailyLoss, .exposureLimit, .totalExposureLimit, .dailyLossLimit,
    .totalDailyLossLimit, .insufficientMargin,
  ]
}
