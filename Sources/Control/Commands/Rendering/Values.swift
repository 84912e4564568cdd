import Model
import Wire

/// Values of the wire as cells.
extension JSON {
  /// The field as text: a string's own, a number's digits, `yes` or `no`; empty when absent or null.
  func text(_ key: String) -> String { self[key]?.shown ?? "" }

  var shown: String {
    switch self {
    case .null: ""
    case .bool(let flag): flag ? "yes" : "no"
    case .number(let digits): digits
    case .string(let text): text
    case .array, .object: description
    }
  }

  func cell(_ key: String) -> Span { Span(text(key)) }

  /// A position's size with its sign: `+1000`, `-1000`.
  func signed(_ key: String) -> Span { Span(Self.signed(text(key))) }

  /// A profit or loss: rounded, its sign shown, green or red. The exact digits are in the JSON.
  func money(_ key: String) -> Span {
    guard let amount = Amount(text(key)) else { return cell(key) }
    return Span(
      Self.signed(MoneyText.rounded(amount)), amount.isPositive ? .green : amount.isNegative ? .red : .plain)
  }

  /// The same with two decimals whatever it is, so that the points of a column stand below each other.
  func cents(_ key: String) -> Span {
    guard let amount = Amount(text(key)) else { return cell(key) }
    return Span(
      Self.signed(MoneyText.rounded(amount, decimals: 2)),
      amount.isPositive ? .green : amount.isNegative ? .red : .plain)
  }

  private static func signed(_ text: String) -> String {
    guard let amount = Amount(text), amount.isPositive, !text.hasPrefix("+") else { return text }
    return "+" + text
  }

  /// The objects of an array field.
  func items(_ key: String) -> [JSON] { self[key]?.arrayValue ?? [] }
}

/// Money as a person reads it.
enum MoneyText {
  /// Two decimals; four below one, where two would hide too much, without the zeros beyond two.
  static func rounded(_ amount: Amount) -> String {
    rounded(amount, decimals: amount.magnitude < .one ? 4 : 2)
  }

  static func rounded(_ amount: Amount, decimals: Int) -> String {
    let step = Amount.step(decimals: decimals).raw
    let half = amount.raw < 0 ? -(step / 2) : step / 2
    let (sum, overflow) = amount.raw.addingReportingOverflow(half)
    return Amount(raw: overflow ? amount.raw : sum / step * step).text(minimumDecimals: 2)
  }
}

/// The words of states, in their colours.
enum StateWord {
  static func span(_ word: String) -> Span { Span(word, style(word)) }

  static func style(_ word: String) -> Style {
    switch word {
    case "ready", "filled", "live": .green
    case "failed", "rejected", "refused": .red
    case "paused", "starting", "stopping", "waiting", "backoff", "reloading", "held", "down", "unknown",
      "frozen", "busy":
      .yellow
    case "stopped", "finished", "scheduled", "cancelled", "expired", "ended": .dim
    default: .plain
    }
  }
}
