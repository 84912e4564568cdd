import GatewayService
import Model
import NIOCore
import Wire

/// The latest quotes of an instrument as a WebSocket shows them.
enum StreamedQuote {
  /// One message for each broker that has a newer one.
  ///
  /// - Parameter after: the version that the reader has seen.
  /// - Returns: nil when there is nothing new, else the messages and the version that they end with.
  static func latest(
    _ gateway: Gateway, _ instrument: String, after: Int64
  ) -> (version: Int64, bytes: ByteBuffer)? {
    let quotes = gateway.quotes.latest(instrument).filter { $0.version > after }
    guard let version = quotes.map(\.version).max() else { return nil }
    var buffer = ByteBuffer()
    for item in quotes { StreamFormat.frame(into: &buffer) { write(item, into: &$0) } }
    return (version, buffer)
  }

  private static func write(_ item: BrokerQuote, into buffer: inout ByteBuffer) {
    let quote = item.quote
    let payload: JSON = [
      "instrument": .string(quote.instrument), "bid": .number("\(quote.bid)"), "ask": .number("\(quote.ask)"),
      "broker": .string(item.broker), "seq": .int(quote.sequence),
    ]
    buffer.writeJSON([
      "source": .string(item.broker), "type": "quote", "payload": payload, "ts": .string("\(quote.time)"),
    ])
  }
}
