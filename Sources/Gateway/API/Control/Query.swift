import Hummingbird
import Model

/// The parameters of a request's address, read with errors that name the one that is wrong.
struct Query {
  private let request: Request

  init(_ request: Request) { self.request = request }

  /// Text, at most `max` bytes of it; nil where it is absent or empty.
  func text(_ key: Substring, max: Int = 200) throws(Answer) -> String? {
    guard let value = request.uri.queryParameters[key], !value.isEmpty else { return nil }
    guard value.utf8.count <= max else { throw Self.wrong(key, "at most \(max) bytes long") }
    return String(value)
  }

  /// A whole number; nil where it is absent.
  func integer(_ key: Substring, in range: ClosedRange<Int64>) throws(Answer) -> Int64? {
    guard let value = request.uri.queryParameters[key] else { return nil }
    guard let number = Int64(value), range.contains(number) else {
      throw Self.wrong(key, "a whole number between \(range.lowerBound) and \(range.upperBound)")
    }
    return number
  }

  /// How many are asked for.
  func limit(_ standard: Int = 100, max: Int = 1_000) throws(Answer) -> Int {
    Int(try integer("limit", in: 1...Int64(max)) ?? Int64(standard))
  }

  /// A time; nil where it is absent.
  func time(_ key: Substring) throws(Answer) -> Timestamp? {
    guard let value = request.uri.queryParameters[key] else { return nil }
    guard let time = Timestamp(value) else {
      throw Self.wrong(key, "a time such as 2026-11-21T11:55:27.021050Z")
    }
    return time
  }

  /// True or false; false where it is absent.
  func flag(_ key: Substring) throws(Answer) -> Bool {
    switch request.uri.queryParameters[key] {
    case nil, "false", "0": return false
    case "true", "1": return true
    default: throw Self.wrong(key, "true or false")
    }
  }

  /// One of a few words; nil where it is absent.
  func word<Word: RawRepresentable & CaseIterable>(_ key: Substring, _: Word.Type = Word.self) throws(Answer)
    -> Word? where Word.RawValue == String
  {
    guard let value = request.uri.queryParameters[key] else { return nil }
    guard let word = Word(rawValue: String(value)) else {
      throw Self.wrong(key, "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return word
  }

  static func wrong(_ key: Substring, _ rule: String) -> Answer {
    Answer(.badRequest, "bad_field", "\(key) must be \(rule)")
  }
}
