import Model
import NIOCore
import Testing
import Wire

@testable import API

/// Tables, and events as lines for people.
@Suite struct ListTests {
  private static func csv(_ cells: [Cell]) -> String {
    var buffer = ByteBuffer()
    buffer.writeCSV(cells)
    return String(buffer: buffer)
  }

  @Test(
    arguments: [
      ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
      ("two\nlines", "\"two\nlines\""),
      ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\t=x", "'\t=x"), ("  =x", "'  =x"),
      ("=a,b", "\"'=a,b\""), ("", ""),
    ])
  func textStaysTextInASpreadsheet(text: String, shown: String) {
    #expect(Self.csv([.text(text), .text("x")]) == "\(shown),x\r\n")
  }

  @Test func numbersTimesAndWhatIsMissingAreWrittenBare() {
    let cells: [Cell] = [
      .number(Amount("-1.50")), .int(-3), .flag(true), .number(nil), .text(nil), .json("{\"a\":1}"),
      .value(.string("-x")), .value(.null), .value(.number("1.10")),
    ]
    #expect(Self.csv(cells) == "-1.5,-3,true,,,\"{\"\"a\"\":1}\",'-x,,1.10\r\n")
  }

  @Test func linesAreThoseOfTheDashboards() throws {
    let placed = NarrationLine(
      type: "oco_placed", strategy: nil,
      payload: try JSON.parse(
        #"{"instrument":"EUR_USD","side":"BUY","units":100,"sl":1.16,"tp":1.17,"mode":"paper"}"#))
    #expect(
      "\(placed.icon) \(placed.text)"
        == "📊 OCO Placed EUR_USD BUY 100 units | SL: 1.16, TP: 1.17 | Mode: paper | Status: PENDING")
    let cancelled = NarrationLine(
      type: "order_cancelled", strategy: nil,
      payload: ["instrument": "EUR_USD", "order_id": "paper-oanda-1"])
    #expect("\(cancelled.icon) \(cancelled.text)" == "✕ Order Cancelled EUR_USD Order ID: paper-oanda-1")
    #expect(NarrationLine.clock(Timestamp(microseconds: 1_760_615_727_021_050)) == "11:55:27")
  }

  /// A payload is whatever an event has, so no line may depend on its fields.
  @Test(arguments: NarrationLine.types)
  func everyTypeHasALineWhateverItsPayloadLacks(type: String) {
    let line = NarrationLine(type: type, strategy: nil, payload: .null)
    #expect(!line.icon.isEmpty && !line.text.isEmpty)
  }

  @Test func histogramsCountUpwardToTheirNumber() {
    var times = DurationHistogram()
    for microseconds: UInt64 in [50, 100, 101, 2_000, 99_000_000] { times.add(microseconds: microseconds) }
    var text = PrometheusText()
    text.histogram("x", [("route", "/a\"b")], times)
    let lines = String(buffer: text.buffer).split(separator: "\n")
    #expect(lines.first == "x_bucket{route=\"/a\\\"b\",le=\"0.0001\"} 2")
    #expect(lines.contains("x_bucket{route=\"/a\\\"b\",le=\"0.0003\"} 3"))
    #expect(lines.contains("x_bucket{route=\"/a\\\"b\",le=\"10.0\"} 4"))
    #expect(lines.contains("x_bucket{route=\"/a\\\"b\",le=\"+Inf\"} 5"))
    #expect(lines.last == "x_count{route=\"/a\\\"b\"} 5")
  }
}
