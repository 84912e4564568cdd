public import Model

/// Typed reading of a message's parameters; what is missing or of the wrong kind is an error that names the field.
extension JSON {
  private func required(_ key: String) throws(RPCError) -> JSON {
    guard let value = self[key], value != .null else { throw .invalidParams("\(key) is missing") }
    return value
  }

  private func optional(_ key: String) -> JSON? {
    guard let value = self[key], value != .null else { return nil }
    return value
  }

  public func string(_ key: String) throws(RPCError) -> String {
    guard let text = try required(key).stringValue else { throw .invalidParams("\(key) must be a string") }
    return text
  }

  /// A string, or nil when it is absent or null.
  public func optionalString(_ key: String) throws(RPCError) -> String? {
    optional(key) == nil ? nil : try string(key)
  }

  /// A whole number that must be there.
  public func int(_ key: String) throws(RPCError) -> Int {
    guard let number = try required(key).intValue else {
      throw .invalidParams("\(key) must be a whole number")
    }
    return number
  }

  /// A whole number, or nil when it is absent or null.
  public func optionalInt(_ key: String) throws(RPCError) -> Int? {
    optional(key) == nil ? nil : try int(key)
  }

  /// A truth value, or nil when it is absent or null.
  public func optionalBool(_ key: String) throws(RPCError) -> Bool? {
    guard let value = optional(key) else { return nil }
    guard let flag = value.boolValue else { throw .invalidParams("\(key) must be true or false") }
    return flag
  }

  /// A decimal string, or a JSON number read from its digits.
  public func amount(_ key: String) throws(RPCError) -> Amount {
    let digits: String
    switch try required(key) {
    case .string(let text): digits = text
    case .number(let text): digits = text
    default: throw .invalidParams("\(key) must be a decimal string such as \"1.1655\"")
    }
    guard let amount = Amount(digits) else {
      throw .invalidParams("\(key) must be a decimal number with at most 18 fractional digits")
    }
    return amount
  }

  public func optionalAmount(_ key: String) throws(RPCError) -> Amount? {
    optional(key) == nil ? nil : try amount(key)
  }

  /// An array of strings, or nil when it is absent or null.
  public func optionalStrings(_ key: String) throws(RPCError) -> [String]? {
    guard let value = optional(key) else { return nil }
    guard let items = value.arrayValue else { throw .invalidParams("\(key) must be an array of strings") }
    var strings: [String] = []
    for item in items {
      guard let text = item.stringValue else { throw .invalidParams("\(key) must be an array of strings") }
      strings.append(text)
    }
    return strings
  }

  /// One of an enumeration's words.
  public func word<Word: RawRepresentable & CaseIterable>(
    _ key: String, _ type: Word.Type = Word.self
  ) throws(RPCError) -> Word where Word.RawValue == String {
    let text = try string(key)
    guard let word = Word(rawValue: text) else {
      let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalidParams("\(key) must be one of \(known), not \(text)")
    }
    return word
  }

  /// One of an enumeration's words, or nil when it is absent or null.
  public func optionalWord<Word: RawRepresentable & CaseIterable>(
    _ key: String, _ type: Word.Type = Word.self
  ) throws(RPCError) -> Word? where Word.RawValue == String {
    optional(key) == nil ? nil : try word(key, type)
  }

  /// An RFC 3339 time, or nil when it is absent or null.
  public func optionalTimestamp(_ key: String) throws(RPCError) -> Timestamp? {
    guard let text = try optionalString(key) else { return nil }
    guard let time = Timestamp(text) else {
      throw .invalidParams("\(key) must be a time such as 2026-11-21T11:55:27.021050Z")
    }
    return time
  }
}
