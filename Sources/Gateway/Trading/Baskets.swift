public import Model

/// Several orders in one call: one commit, one answer.
extension TradingCore {
  /// Orders that one call may place.
  public static let basketMax = 100

  /// Places several orders, each admitted after those before it took effect.
  ///
  /// - Parameter allOrNone: Whether a single refusal refuses them all. The desk is a value: what was tried until then is
  ///   taken back whole, as if it had never been. Else each has a result of its own.
  ///
  /// Refused with `basket_size`, or all or none with the reason of the first that is refused. Each `clientOrderID`
  /// makes its order idempotent.
  public mutating func basket(
    _ intents: [OrderIntent], allOrNone: Bool, by trader: Trader, now: Timestamp
  ) -> Outcome<[Result<Placement, Refusal>]> {
    self.now = now
    guard (1...Self.basketMax).contains(intents.count) else {
      let refusal = Refusal(
        "basket_size", "a basket holds 1 to \(Self.basketMax) orders, this one has \(intents.count)")
      return Outcome(.failure(refusal), finish())
    }
    let before = self
    var results: [Result<Placement, Refusal>] = []
    for (index, intent) in intents.enumerated() {
      do throws(Refusal) {
        results.append(.success(try take(intent, trader)))
      } catch {
        guard allOrNone else {
          emitRefusal(error, intent, trader)
          results.append(.failure(error))
          continue
        }
        self = before
        let refusal = Refusal(
          error.reason, "order \(index + 1) of \(intents.count): \(error.message); none of them was placed")
        emitRefusal(refusal, intent, trader)
        return Outcome(.failure(refusal), finish())
      }
    }
    let changes = finish()
    return Outcome(.success(results.map { $0.map { $0.settled(by: changes) } }), changes)
  }

  /// Places an order as several of `size` units each, the last one of what is left; all of them or none.
  ///
  /// They have the order's client order id with `.1`, `.2` and so on behind it. Of a reduce-only order as much is split
  /// as there is to reduce.
  ///
  /// Refused with `split_size`, `basket_size`, or with the reason of the first that is refused.
  public mutating func split(
    _ intent: OrderIntent, size: Quantity, by trader: Trader, now: Timestamp
  ) -> Outcome<[Placement]> {
    self.now = now
    do throws(Refusal) {
      if let earlier = try earlierParts(of: intent, trader) { return Outcome(.success(earlier), finish()) }
      let parts = try parts(of: intent, size: size, trader)
      let outcome = basket(parts, allOrNone: true, by: trader, now: now)
      return Outcome(outcome.result.map { $0.compactMap { try? $0.get() } }, outcome.changes)
    } catch {
      return Outcome(.failure(error), finish())
    }
  }

  /// The parts of a reduce-only order that was split before: how many they were is known from them alone, since what
  /// there was to reduce is gone. Of other orders the same parts are made again, and found one by one.
  private func earlierParts(of intent: OrderIntent, _ trader: Trader) throws(Refusal) -> [Placement]? {
    guard intent.reduceOnly, let id = intent.clientOrderID else { return nil }
    var found: [Placement] = []
    while found.count < Self.basketMax,
      let order = try find(clientOrderID: "\(id).\(found.count + 1)", strategy: trader.strategy)
    {
      guard order.reduceOnly, order.instrument == intent.instrument, order.side == intent.side else {
        throw Refusal(
          "client_order_id_reused",
          "client_order_id \(order.clientOrderID) belongs to order \(order.id) with another intent: give each order"
            + " an id of its own")
      }
      found.append(Placement(order: order, isDuplicate: true))
    }
    return found.isEmpty ? nil : found
  }

  private func parts(
    of intent: OrderIntent, size: Quantity, _ trader: Trader
  ) throws(Refusal) -> [OrderIntent] {
    guard size.isPositive, intent.units.isPositive else {
      throw Refusal("split_size", "units is \(intent.units) and size is \(size): both must be more than 0")
    }
    var rest = min(intent.units, Cash.maxUnits)
    if intent.reduceOnly { rest = min(rest, reducible(intent, trader)) }
    // The size may be as small as it likes: dividing tells the count without a product that is out of range.
    guard rest.raw / size.raw < Int128(Self.basketMax) || rest.raw == size.raw * Int128(Self.basketMax) else {
      throw Refusal(
        "basket_size",
        "\(intent.units) units in parts of \(size) are more than \(Self.basketMax) orders: give a larger size"
      )
    }
    var parts: [OrderIntent] = []
    while rest.isPositive {
      var part = intent
      part.units = min(size, rest)
      part.clientOrderID = intent.clientOrderID.map { "\($0).\(parts.count + 1)" }
      parts.append(part)
      rest -= part.units
    }
    return parts
  }

  /// What a reduce-only order finds; all of its units where it will be refused, so that it says why.
  private func reducible(_ intent: OrderIntent, _ trader: Trader) -> Quantity {
    let held = strategies[trader.strategy]?.units(intent.instrument) ?? .zero
    return held.signum == -intent.side.sign ? held.magnitude : intent.units
  }

  /// Cancels every working entry and reduce-only order of a strategy, or of all with nil; of one instrument, or of all.
  /// Exits stay: they protect what is held.
  ///
  /// Returns the cancelled orders, oldest first.
  public mutating func cancelAll(
    strategy: String?, instrument: String? = nil, now: Timestamp
  ) -> Outcome<[Order]> {
    self.now = now
    var numbers: [Int64] = []
    for book in sortedBooks where strategy == nil || book.name == strategy {
      for number in book.entries {
        guard let order = memory[number], instrument == nil || order.instrument == instrument else {
          continue
        }
        withdraw(number, reason: "requested")
        numbers.append(number)
      }
    }
    drain()
    let changes = finish()
    let cancelled = Set(numbers)
    return Outcome(
      .success(changes.orders.filter { cancelled.contains($0.number) }.sorted { $0.number < $1.number }),
      changes)
  }
}
