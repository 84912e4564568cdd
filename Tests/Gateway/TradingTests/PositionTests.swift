import Model
import Testing

@testable import Trading

@Suite("A position")
struct PositionTests {
  private func trade(_ id: Int64, _ units: Quantity, _ price: Price) -> Trade {
    Trade(
      id: id, strategy: "s", broker: "paper", instrument: "EUR_USD", entryOrderID: "paper-\(id)",
      opened: Timestamp(nanoseconds: 0), price: price, units: units)
  }

  private func sum(_ trades: [Trade], at price: Price) -> Amount {
    trades.reduce(.zero) { Cash.sum($0, Cash.profit(units: $1.units, from: $1.price, to: price)) }
  }

  /// Numbers that are the same in each run.
  private struct Numbers {
    var state: UInt64 = 42

    mutating func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
  }

  @Test("comes to what its trades come to, one by one, to the last digit", arguments: [5, 9, 12, 18])
  func sums(decimals: Int) throws {
    var numbers = Numbers()
    var trades: [Trade] = []
    var position: Position?
    func amount(_ most: Int) -> Amount {
      Amount(raw: Amount.step(decimals: decimals).raw * Int128(1 + numbers.next(most)))
    }
    var id: Int64 = 0
    for _ in 0..<150 {
      if trades.isEmpty || numbers.next(5) < 3 {
        id += 1
        let new = trade(id, amount(1_000_000_000), amount(2_000_000))
        trades.append(new)
        if position?.append(new) == nil { position = Position(new) }
      } else {
        let index = numbers.next(3) == 0 ? numbers.next(trades.count) : 0
        var changed = trades[index]
        changed.units = numbers.next(2) == 0 ? .zero : Amount(raw: changed.units.raw / 2)
        if changed.units.isZero { trades.remove(at: index) } else { trades[index] = changed }
        if position?.update(changed) == false { position = nil }
      }
      let price = amount(2_000_000)
      let held: [Trade] = position.map { Array($0) } ?? []
      // What an expectation is given it keeps, and these are many.
      let isSame = held == trades
      #expect(isSame)
      #expect((position?.units ?? .zero) == trades.reduce(.zero) { $0 + $1.units })
      #expect((position?.profit(at: price) ?? .zero) == sum(trades, at: price))
      for trade in trades.prefix(3) { #expect(position?[trade: trade.id] == trade) }
      #expect(position?[trade: id + 1] == nil)
    }
  }

  @Test("is held at the limit of money as its trades are")
  func limit() {
    let large = trade(1, Cash.maxUnits, Cash.maxPrice)
    var position = Position(large)
    position.append(trade(2, Cash.maxUnits, Amount(1)))
    let trades = Array(position)
    for price in [Amount(1), Cash.maxPrice, Amount(500_000_000)] {
      #expect(position.profit(at: price) == sum(trades, at: price))
    }
  }
}
