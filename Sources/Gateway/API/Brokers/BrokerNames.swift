import GatewayService
import Hummingbird
import Model
import Wire

/// The brokers of the requirements as this build has them: names for parts of the one paper market, each with the
/// instruments of its kind. Adapters for the real ones will take their places.
struct BrokerName: Sendable {
  /// Its name in events, lists and `/api/brokers/…`.
  let name: String
  /// Other names that mean it.
  let aliases: [String]
  /// What stands between the two assets in its instruments' names.
  let separator: Character
  /// Where its own routes begin.
  let path: String

  static let oanda = BrokerName(name: "oanda", aliases: [], separator: "_", path: "/brokers/oanda")
  static let coinbase = BrokerName(
    name: "coinbase", aliases: ["coinbase-adv"], separator: "-", path: "/brokers/coinbase-adv")
  static let all = [oanda, coinbase]

  /// The broker that a path names.
  ///
  /// - Throws: 404 `unknown_broker`.
  static func named(_ name: String) throws(Answer) -> BrokerName {
    if let found = all.first(where: { $0.name == name || $0.aliases.contains(name) }) { return found }
    throw Answer(
      .notFound, "unknown_broker",
      "there is no broker \(name.prefix(32)) here; there are \(all.map(\.name).joined(separator: ", "))")
  }

  /// The broker that quotes an instrument.
  static func quoting(_ instrument: String) -> BrokerName {
    all.first { $0.quotes(instrument) } ?? oanda
  }

  func quotes(_ instrument: String) -> Bool { instrument.contains(separator) }
}

/// Which of a broker's environments a request means, and what stands in for it.
enum BrokerEnvironment {
  /// The header that says where the prices of an answer come from.
  static let sourceHeader = HTTPFields.Element.Name("X-Market-Source")

  /// - Throws: 400 for what is none.
  static func read(_ text: Substring?) throws(Answer) -> Substring {
    let name = text ?? "practice"
    guard ["practice", "paper", "live"].contains(name) else {
      throw Answer(.badRequest, "bad_field", "env must be practice or live")
    }
    return name
  }

  /// Orders go to the paper market; one that asks for `live` must not be mistaken for it.
  static func requirePaper(_ request: Request) throws(Answer) {
    guard try read(request.uri.queryParameters["env"]) == "live" else { return }
    throw Answer(
      .unprocessableContent, "broker_not_configured",
      "this gateway has no live account: leave env out, or say env=practice, to trade on paper")
  }
}

extension Gateway {
  /// Where prices come from, in words: `paper feed (synthetic)`.
  nonisolated var marketSource: String { "paper feed (\(health.current.feedKind))" }
}

extension Response {
  /// Says where the prices come from.
  func telling(_ source: String) -> Response {
    guard let name = BrokerEnvironment.sourceHeader else { return self }
    var response = self
    response.headers[name] = source
    return response
  }
}
