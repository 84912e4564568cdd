extension Amount {
  /// Reads `[-+]digits[.digits][e[-+]digits]`, exactly; nil for anything else, for more than 18 fractional
  /// digits that are not zero, and for a value out of range.
  public init?(_ text: some StringProtocol) {
    var text = String(text)
    let parsed = text.withUTF8 { Amount(digits: UnsafeRawBufferPointer($0)) }
    guard let parsed else { return nil }
    self = parsed
  }

  /// Reads the same from bytes, without making a string.
  public init?(digits bytes: UnsafeRawBufferPointer) {
    var index = 0
    let count = bytes.count
    guard count > 0, count <= 80 else { return nil }
    var negative = false
    if bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+") {
      negative = bytes[0] == UInt8(ascii: "-")
      index = 1
    }
    // Up to 18 digits fit 64 bits, which is every price in practice; longer numbers go on in 128.
    var small: UInt64 = 0
    var large: UInt128 = 0
    var digits = 0
    var significant = 0
    var fraction = 0
    var pointSeen = false
    scan: while index < count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let digit = UInt64(byte &- UInt8(ascii: "0"))
        if significant < 18 {
          small = small &* 10 &+ digit
          if significant > 0 || digit > 0 { significant += 1 }
        } else {
          if significant == 18 { large = UInt128(small) }
          significant += 1
          let (tenfold, isTooLong) = large.multipliedReportingOverflow(by: 10)
          let (sum, isTooLarge) = tenfold.addingReportingOverflow(UInt128(digit))
          guard !isTooLong, !isTooLarge else { return nil }
          large = sum
        }
        digits += 1
        if pointSeen { fraction += 1 }
      case UInt8(ascii: "."):
        guard !pointSeen, digits > 0 else { return nil }
        pointSeen = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        break scan
      default:
        return nil
      }
      index += 1
    }
    guard digits > 0, !(pointSeen && fraction == 0) else { return nil }
    if index < count {
      guard let exponent = Self.exponent(bytes, after: index) else { return nil }
      fraction -= exponent
    }
    let magnitude = significant <= 18 ? UInt128(small) : large
    guard let raw = Self.scaled(magnitude, fraction: fraction) else { return nil }
    self.init(raw: negative ? -raw : raw)
  }

  private static func exponent(_ bytes: UnsafeRawBufferPointer, after mark: Int) -> Int? {
    var index = mark + 1
    guard index < bytes.count else { return nil }
    var negative = false
    if bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
      negative = bytes[index] == UInt8(ascii: "-")
      index += 1
    }
    guard index < bytes.count, bytes.count - index <= 3 else { return nil }
    var value = 0
    while index < bytes.count {
      let byte = bytes[index]
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
      index += 1
    }
    return negative ? -value : value
  }

  private static let powers: [UInt128] = (0...38).map { Amount.power($0).magnitude }

  private static func scaled(_ magnitude: UInt128, fraction: Int) -> Int128? {
    if magnitude == 0 { return 0 }
    let shift = scale - fraction
    if shift >= 0 {
      guard shift <= 38 else { return nil }
      let (value, overflow) = magnitude.multipliedReportingOverflow(by: powers[shift])
      return overflow ? nil : Int128(exactly: value)
    }
    guard -shift <= 38 else { return nil }
    let (value, rest) = magnitude.quotientAndRemainder(dividingBy: powers[-shift])
    return rest == 0 ? Int128(exactly: value) : nil
  }
}

extension Amount: CustomStringConvertible {
  /// The shortest exact text: `"1.1655"`, `"1000"`, `"-0.35"`.
  public var description: String { text(minimumDecimals: 0) }

  /// Exact text with at least `decimals` fractional digits: `1.1655` with 5 is `"1.16550"`.
  public func text(minimumDecimals decimals: Int) -> String {
    String(unsafeUninitializedCapacity: 64) { buffer in
      write(to: buffer, minimumDecimals: decimals)
    }
  }

  /// Writes that text as ASCII and returns its length; `buffer` holds at least 64 bytes.
  public func write(to buffer: UnsafeMutableBufferPointer<UInt8>, minimumDecimals: Int) -> Int {
    let magnitude = raw.magnitude
    let (whole, part) = Self.parts(magnitude)
    var length = 0
    if raw < 0 {
      buffer[0] = UInt8(ascii: "-")
      length = 1
    }
    length += Self.write(whole, to: buffer, at: length)
    var fraction = part
    var decimals = Self.scale
    // Half of the digits are nothing but zeros in nearly every price and quantity.
    if minimumDecimals <= 9 {
      let (front, back) = fraction.quotientAndRemainder(dividingBy: 1_000_000_000)
      if back == 0 {
        fraction = front
        decimals = 9
      }
    }
    while decimals > minimumDecimals, decimals > 0, fraction % 10 == 0 {
      fraction /= 10
      decimals -= 1
    }
    guard decimals > 0 else { return length }
    buffer[length] = UInt8(ascii: ".")
    var index = length + decimals
    while index > length {
      buffer[index] = UInt8(ascii: "0") + UInt8(fraction % 10)
      fraction /= 10
      index -= 1
    }
    return length + decimals + 1
  }

  /// What stands before the point and behind it.
  private static func parts(_ magnitude: UInt128) -> (whole: UInt128, fraction: UInt64) {
    let one: UInt64 = 1_000_000_000_000_000_000
    let high = UInt64(truncatingIfNeeded: magnitude >> 64)
    // One division of the processor, where the quotient fits 64 bits.
    if high < one {
      let (whole, fraction) = one.dividingFullWidth((high, UInt64(truncatingIfNeeded: magnitude)))
      return (UInt128(whole), fraction)
    }
    let (whole, fraction) = magnitude.quotientAndRemainder(dividingBy: UInt128(one))
    return (whole, UInt64(fraction))
  }

  private static func write(
    _ whole: UInt128, to buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int
  ) -> Int {
    if let small = UInt64(exactly: whole) {
      var digits = 1
      var probe = small / 10
      while probe > 0 {
        digits += 1
        probe /= 10
      }
      var rest = small
      for index in stride(from: start + digits - 1, through: start, by: -1) {
        buffer[index] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      }
      return digits
    }
    let text = String(whole)
    for (index, byte) in text.utf8.enumerated() { buffer[start + index] = byte }
    return text.utf8.count
  }
}

extension Amount: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
}
