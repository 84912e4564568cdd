import Model
import Wire

/// How orders look over HTTP: amounts are numbers with their exact digits.
extension Order {
  /// Everything about it, in the words of the workers' protocol.
  var json: JSON {
    var object: JSON = [
      "order_id": .string(id), "client_order_id": .string(clientOrderID), "strategy": .string(strategy),
      "broker": .string(broker), "instrument": .string(instrument), "side": .string(side.rawValue),
      "type": .string(type.rawValue), "role": .string(role.rawValue), "units": .amount(units),
      "filled_units": .amount(filledUnits), "price": .amount(price), "average_price": .amount(averagePrice),
      "stop_loss": .amount(stopLoss), "take_profit": .amount(takeProfit),
      "time_in_force": .string(timeInForce.rawValue), "reduce_only": .bool(reduceOnly),
      "quality": JSON(quality), "state": .string(state.rawValue), "status": .string(statusWord),
      "reason": JSON(reason), "mode": .string(mode.rawValue), "trade_id": JSON(tradeID.map { Int($0) }),
      "tag": JSON(tag), "placed_by": JSON(placedBy), "created": .string("\(created)"),
      "updated": .string("\(updated)"), "expires": JSON(expires.map { "\($0)" }),
    ]
    for (key, value) in [
      ("limit_price", terms.limitPrice), ("distance", terms.distance), ("break_even", terms.breakEven),
      ("trail", terms.trail),
    ] {
      if let value { object = object.with(key, .amount(value)) }
    }
    if let seconds = terms.maxHoldSeconds { object = object.with("max_hold_s", .int(seconds)) }
    return object
  }

  /// The requirements' word for its state: `PENDING` for all that waits for the market.
  var statusWord: String {
    switch state {
    case .submitted, .accepted, .pendingUpdate, .pendingCancel: "PENDING"
    default: state.rawValue.uppercased()
    }
  }

  /// What placing and cancelling answer.
  func receipt(_ more: [(String, JSON)] = []) -> JSON {
    var receipt: JSON = [
      "ok": true, "order_id": .string(id), "status": .string(statusWord), "mode": .string(mode.rawValue),
    ]
    for (key, value) in more { receipt = receipt.with(key, value) }
    // It ended as it was placed: an immediate one that nothing could fill, say.
    if let reason { receipt = receipt.with("reason", .string(reason)) }
    return receipt
  }
}

extension JSON {
  /// A number with exactly those digits.
  static func amount(_ amount: Amount) -> JSON { .number(amount.description) }

  /// The same, or null.
  static func amount(_ amount: Amount?) -> JSON { amount.map { .number($0.description) } ?? .null }

  /// Seconds since 1970 with their fraction.
  static func epoch(_ time: Timestamp?) -> JSON {
    time.map { .amount(Amount(raw: Int128($0.nanoseconds) * 1_000_000_000)) } ?? .null
  }

  /// This object with one more field.
  func with(_ key: String, _ value: JSON) -> JSON {
    guard case .object(var object) = self else { return self }
    object[key] = value
    return .object(object)
  }
}
