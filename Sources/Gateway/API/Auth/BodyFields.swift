import Hummingbird
import Model
import Wire

/// The fields of a body, each under one of several names: the users' programs have more than one word for a thing.
///
/// Absent and `null` are the same. What is of the wrong kind is 400 `bad_field`, and the message names the field.
struct BodyFields {
  private static let textBytesMax = 256

  let body: JSON

  init(_ body: JSON) { self.body = body }

  private func find(_ names: [String]) -> (name: String, value: JSON)? {
    for name in names {
      if let value = body[name], !value.isNull { return (name, value) }
    }
    return nil
  }

  private func wrong(_ name: String, _ what: String) -> Answer {
    Answer(.badRequest, "bad_field", "\(name) must be \(what)")
  }

  /// The value, where there has to be one.
  func required<Value>(_ name: String, _ value: Value?) throws(Answer) -> Value {
    guard let value else { throw Answer(.badRequest, "missing_field", "\(name) is missing") }
    return value
  }

  func text(_ names: String...) throws(Answer) -> String? {
    guard let (name, value) = find(names) else { return nil }
    guard let text = value.stringValue else { throw wrong(name, "a string") }
    guard text.utf8.count <= Self.textBytesMax else {
      throw wrong(name, "at most \(Self.textBytesMax) bytes long")
    }
    return text
  }

  /// A decimal number, exactly: of a JSON number or of a string.
  func amount(_ names: String...) throws(Answer) -> Amount? {
    guard let (name, value) = find(names) else { return nil }
    let amount: Amount? =
      switch value {
      case .number(let digits): Amount(digits)
      case .string(let text): Amount(text)
      default: nil
      }
    guard let amount else {
      throw wrong(name, "a decimal number with at most 18 fractional digits, such as 1.1655")
    }
    return amount
  }

  /// A whole number within bounds.
  func whole(_ names: String..., in range: ClosedRange<Int>) throws(Answer) -> Int? {
    guard let (name, value) = find(names) else { return nil }
    let number: Int? =
      switch value {
      case .number(let digits): Int(digits)
      case .string(let text): Int(text)
      default: nil
      }
    guard let number, range.contains(number) else {
      throw wrong(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func flag(_ names: String...) throws(Answer) -> Bool? {
    guard let (name, value) = find(names) else { return nil }
    guard let flag = value.boolValue else { throw wrong(name, "true or false") }
    return flag
  }

  /// One of an enumeration's words, in capital or small letters.
  func word<Word: RawRepresentable & CaseIterable>(
    _ names: String..., as type: Word.Type = Word.self
  ) throws(Answer) -> Word? where Word.RawValue == String {
    guard let (name, value) = find(names) else { return nil }
    guard let word = value.stringValue.flatMap({ Word(rawValue: $0.lowercased()) }) else {
      throw wrong(name, "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return word
  }

  func time(_ names: String...) throws(Answer) -> Timestamp? {
    guard let (name, value) = find(names) else { return nil }
    guard let time = value.stringValue.flatMap({ Timestamp($0) }) else {
      throw wrong(name, "a time such as 2026-11-21T11:55:27Z")
    }
    return time
  }
}
