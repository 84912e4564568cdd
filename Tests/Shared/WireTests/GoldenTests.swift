import Foundation
import Model
import NIOCore
import Testing
import Wire

/// The golden messages that the Python tests read too.
@Suite("Golden messages")
struct GoldenTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/wire")

  private static func lines(_ file: String) throws -> [JSON] {
    try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
      .split(separator: "\n").map { try JSON.parse(String($0)) }
  }

  private static let files = [
    "worker-supervisor", "gateway-quotes", "orders", "gateway-supervisor", "control", "errors",
  ]

  @Test("every message is a frame, and is written as it was read", arguments: files)
  func frames(file: String) throws {
    let lines = try Self.lines(file + ".jsonl")
    #expect(!lines.isEmpty)
    for line in lines {
      let message = try #require(line["message"])
      let frame = try Frame(ByteBuffer(string: message.description))
      switch frame.kind {
      case .request(let id):
        var buffer = ByteBuffer()
        buffer.writeRequest(id, frame.method, frame.params())
        #expect(try JSON.parse(String(buffer: buffer))["params"] == frame.params())
        #expect(frame.method == message["method"]?.stringValue)
      case .notification: #expect(frame.method == message["method"]?.stringValue)
      case .response: #expect(frame.body() == message["result"])
      case .failure: #expect(frame.error().code == message["error"]?["code"]?.intValue)
      }
    }
  }

  @Test("what must be refused is refused with the code that the fixture names")
  func invalid() throws {
    for line in try Self.lines("invalid.jsonl") {
      let code = try #require(line["code"]?.intValue)
      // Unknown methods and wrong parameters are frames: their receiver refuses them.
      guard code == -32700 || code == -32600 else { continue }
      let bytes = try #require(Data(base64Encoded: try line.string("line")))
      let error = #expect(throws: FrameError.self, "\(line["about"]?.description ?? "")") {
        try Frame(ByteBuffer(bytes: bytes))
      }
      #expect(error?.error.code == code, "\(line["about"]?.description ?? "")")
    }
  }

  @Test("quotes, orders and fills are read into values and written back the same")
  func values() throws {
    var seen = Set<String>()
    for file in ["gateway-quotes.jsonl", "orders.jsonl"] {
      for line in try Self.lines(file) {
        guard let message = line["message"], let method = message["method"]?.stringValue,
          let params = message["params"]
        else { continue }
        let frame = try Frame(ByteBuffer(string: message.description))
        switch method {
        case "quote":
          let quote = try #require(frame.withBody { Quote(params: $0) })
          #expect(quote.sequence == params["seq"]?.intValue.map(Int64.init))
          #expect(quote.bid.description == Amount(try params.string("bid"))?.description)
        case "candle": #expect(try Candle(params).instrument == params["instrument"]?.stringValue)
        case "order.place":
          let intent = try frame.withBody { try OrderIntent(params: $0) }
          #expect(try intent.units == params.amount("units"))
          for rules in ["trail_atr", "momentum"] {
            #expect(try written { intent.write(to: &$0) }[rules] == params[rules])
          }
        case "order.basket":
          let basket = try frame.withBody { try OrderBasket(params: $0) }
          #expect(try written { basket.write(to: &$0) }["all_or_none"] == params["all_or_none"])
          #expect(basket.orders.count == params["orders"]?.arrayValue?.count)
        case "order.smart":
          #expect(try written { try PositionTarget(params).write(to: &$0) } == params)
        case "order.split", "order.replace":
          #expect(try frame.withBody { try OrderIntent(params: $0) }.side == .sell)
        case "order":
          let report = try #require(params["order"])
          #expect(try written { $0.value(try Order(report), priceDecimals: 0) }["state"] == report["state"])
          for rules in ["trail_atr", "momentum"] {
            #expect(
              try written { $0.value(try Order(report), priceDecimals: 5) }[rules] == report[rules])
          }
        case "fill":
          let report = try #require(params["fill"])
          #expect(
            try written { $0.value(try Fill(report), priceDecimals: 0) }["realised"] == report["realised"])
        default: continue
        }
        seen.insert(method)
      }
    }
    #expect(
      seen == [
        "quote", "candle", "order.place", "order.basket", "order.split", "order.smart", "order.replace",
        "order",
        "fill",
      ])
  }

  @Test("logs, metrics and heartbeats are read")
  func telemetry() throws {
    for line in try Self.lines("worker-supervisor.jsonl") {
      guard let message = line["message"], let method = message["method"]?.stringValue else { continue }
      let frame = try Frame(ByteBuffer(string: message.description))
      switch method {
      case "log": #expect(frame.withBody { LogRecord(params: $0) } != nil)
      case "metric": #expect(frame.withBody { MetricSample(params: $0) } != nil)
      case "metrics": #expect(frame.withBody { MetricSample.list(params: $0) }.malformed == 0)
      case "heartbeat": #expect(frame.withBody { Heartbeat(params: $0) } != nil)
      default: continue
      }
    }
  }

  private func written(_ write: (inout JSONWriter) throws -> Void) throws -> JSON {
    var writer = JSONWriter(ByteBuffer())
    try write(&writer)
    return try JSON.parse(String(buffer: writer.buffer))
  }
}
