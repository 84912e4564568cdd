/// A value of a settings file whose shape is not ours to know: a strategy's parameters.
public enum ConfigValue: Hashable, Sendable {
  case string(String)
  case integer(Int)
  case number(Double)
  case bool(Bool)
  case array([ConfigValue])
  case table([String: ConfigValue])

  /// The value as JSON on one line, keys in order: the same value always gives the same text.
  public var json: String {
    switch self {
    case .string(let text): Self.quoted(text)
    case .integer(let value): String(value)
    case .number(let value): value.isFinite ? String(value) : "null"
    case .bool(let value): value ? "true" : "false"
    case .array(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
    case .table(let table):
      "{"
        + table.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\($0.value.json)" }
        .joined(separator: ",") + "}"
    }
  }

  /// What a person wrote on a command line: a TOML value, `0.5`, `true`, `["a", "b"]`, or else text as it stands.
  public init(written text: String) {
    let isOneLine = !text.contains { $0.isNewline }
    let document = isOneLine ? try? Document(path: "", text: "value = " + text) : nil
    if let root = document?.root, root.count == 1, let value = root["value"] {
      self = value
    } else {
      self = .string(text)
    }
  }

  /// The value as TOML on one line.
  public var toml: String {
    switch self {
    case .number(let value) where value.isNaN: "nan"
    case .array(let values): "[" + values.map(\.toml).joined(separator: ", ") + "]"
    case .table(let table):
      table.isEmpty
        ? "{}"
        : "{ "
          + table.sorted { $0.key < $1.key }.map { "\(ManifestText.quoted($0.key)) = \($0.value.toml)" }
          .joined(separator: ", ") + " }"
    case .number(let value): String(value)
    default: json
    }
  }

  /// What it is, as an error names it.
  var kind: String {
    switch self {
    case .string: "a string"
    case .integer: "an integer"
    case .number: "a number"
    case .bool: "true or false"
    case .array: "an array"
    case .table: "a table"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
