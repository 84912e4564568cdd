import Model
import Wire

/// A strategy as HTTP shows it: what the supervisor says of it, with amounts as numbers.
enum StrategyView {
  static func shown(_ part: JSON) -> JSON {
    guard var object = part.objectValue else { return part }
    for key in ["position", "pnl"] { object[key] = object[key].map(numbered) }
    return .object(object)
  }

  /// Decimal strings as JSON numbers with the same digits, wherever they stand; other text stays.
  private static func numbered(_ json: JSON) -> JSON {
    switch json {
    case .string(let text): Amount(text).map { .number($0.description) } ?? json
    case .array(let items): .array(items.map(numbered))
    case .object(var object):
      .object(
        {
          for field in object.fields where field.key != "instrument" {
            object[field.key] = numbered(field.value)
          }
          return object
        }())
    default: json
    }
  }
}
