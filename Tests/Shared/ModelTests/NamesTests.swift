import Model
import Testing

@Suite struct NamesTests {
  @Test func `a pair's name tells its rules`() throws {
    let euro = try #require(Instrument.conventional("EUR_USD"))
    #expect(euro.base == "EUR" && euro.quote == "USD")
    #expect(euro.priceDecimals == 5 && euro.unitsDecimals == 0)
    #expect(euro.tick == amount("0.00001") && euro.marginRate == amount("0.02"))
    #expect(Instrument.conventional("USD_JPY")?.priceDecimals == 3)
    let coin = try #require(Instrument.conventional("BTC-USD"))
    #expect(coin.priceDecimals == 2 && coin.unitsDecimals == 8 && coin.marginRate == 1)
    #expect(coin.minimumUnits == amount("0.00001"))
  }

  @Test(arguments: ["", "EURUSD", "eur_usd", "EUR_", "EUR_USD_X", "EUR-USD-X", "A_B", "EUR_USD "])
  func `other names are no instrument`(name: String) {
    #expect(Instrument.conventional(name) == nil)
  }

  @Test(arguments: [
    ("grid-bot", true), ("a", true), ("Grid", false), ("1bot", false), ("", false), ("a_b", false),
  ])
  func `a strategy's name keeps its rule`(name: String, isGood: Bool) {
    #expect((StrategyName(name) != nil) == isGood)
  }

  @Test func `granularities begin at round times`() throws {
    let time = try #require(Timestamp("2014-05-02T12:34:56.789Z"))
    #expect(Granularity.m5.start(of: time).description == "2014-05-02T12:30:00.000000Z")
    #expect(Granularity.d.start(of: time).description == "2014-05-02T00:00:00.000000Z")
    #expect(
      Granularity.h4.start(of: Timestamp(nanoseconds: -1)).description == "1969-12-31T20:00:00.000000Z")
  }
}
