/// A JSON value. Numbers keep their digits; objects keep their order.
public enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  /// The digits as they stand in the text: `1.16550`, `-3e2`.
  case number(String)
  case string(String)
  case array([JSON])
  case object(JSONObject)

  /// A whole number.
  public static func int(_ value: some BinaryInteger) -> JSON { .number(String(value)) }

  /// A number for showing (seconds, percentages); NaN and infinity, which JSON lacks, become null.
  public static func double(_ value: Double) -> JSON { value.isFinite ? .number("\(value)") : .null }

  /// The value of that field when this is an object that has it.
  public subscript(key: String) -> JSON? {
    guard case .object(let object) = self else { return nil }
    return object[key]
  }

  public var isNull: Bool { self == .null }

  public var stringValue: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  public var boolValue: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  public var intValue: Int? {
    guard case .number(let digits) = self else { return nil }
    return Int(digits)
  }

  public var doubleValue: Double? {
    guard case .number(let digits) = self else { return nil }
    return Double(digits)
  }

  public var arrayValue: [JSON]? {
    guard case .array(let items) = self else { return nil }
    return items
  }

  public var objectValue: JSONObject? {
    guard case .object(let object) = self else { return nil }
    return object
  }
}

/// The fields of a JSON object in the order in which they were written.
public struct JSONObject: Hashable, Sendable {
  public private(set) var fields: [Field]

  /// One key with its value.
  public struct Field: Hashable, Sendable {
    public let key: String
    public var value: JSON
  }

  public init() { fields = [] }

  /// Reads the last field of that name (as most parsers do with a repeated key); writing replaces or appends.
  public subscript(key: String) -> JSON? {
    get { fields.last { $0.key == key }?.value }
    set {
      if let index = fields.lastIndex(where: { $0.key == key }) {
        if let newValue { fields[index].value = newValue } else { fields.remove(at: index) }
      } else if let newValue {
        fields.append(Field(key: key, value: newValue))
      }
    }
  }

  mutating func append(_ key: String, _ value: JSON) { fields.append(Field(key: key, value: value)) }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self = .null }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    var object = JSONObject()
    for (key, value) in elements { object.append(key, value) }
    self = .object(object)
  }

  /// A string, or null when there is none.
  public init(_ text: String?) { self = text.map(JSON.string) ?? .null }

  /// A whole number, or null when there is none.
  public init(_ number: Int?) { self = number.map(JSON.int) ?? .null }
}
