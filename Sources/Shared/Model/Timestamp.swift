/// A moment in UTC, in nanoseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Comparable, Sendable {
  public let nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
  public init(milliseconds: Int64) { nanoseconds = milliseconds &* 1_000_000 }
  public init(microseconds: Int64) { nanoseconds = microseconds &* 1_000 }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

  /// This moment plus a number of nanoseconds.
  public func advanced(nanoseconds delta: Int64) -> Timestamp {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
    return Timestamp(nanoseconds: overflow ? (delta > 0 ? .max : .min) : sum)
  }

  public func advanced(seconds: Int64) -> Timestamp {
    let (delta, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return advanced(nanoseconds: overflow ? (seconds > 0 ? .max : .min) : delta)
  }

  /// Seconds from `earlier` to this moment; for showing, never for money.
  public func seconds(since earlier: Timestamp) -> Double {
    Double(nanoseconds &- earlier.nanoseconds) / 1e9
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC with microseconds: `2026-11-21T11:55:27.021050Z`.
  public var description: String {
    String(unsafeUninitializedCapacity: 27) { buffer in
      write(to: buffer)
      return 27
    }
  }

  /// Writes those 27 bytes of ASCII.
  public func write(to buffer: UnsafeMutableBufferPointer<UInt8>) {
    let micro = nanoseconds.flooredDivision(by: 1_000)
    let day = micro.quotient.flooredDivision(by: 86_400_000_000)
    let date = CivilDate(daysSinceEpoch: day.quotient)
    var rest = day.remainder
    let fraction = rest % 1_000_000
    rest /= 1_000_000
    buffer.put(date.year, width: 4, at: 0)
    buffer[4] = UInt8(ascii: "-")
    buffer.put(date.month, width: 2, at: 5)
    buffer[7] = UInt8(ascii: "-")
    buffer.put(date.day, width: 2, at: 8)
    buffer[10] = UInt8(ascii: "T")
    buffer.put(rest / 3600, width: 2, at: 11)
    buffer[13] = UInt8(ascii: ":")
    buffer.put(rest / 60 % 60, width: 2, at: 14)
    buffer[16] = UInt8(ascii: ":")
    buffer.put(rest % 60, width: 2, at: 17)
    buffer[19] = UInt8(ascii: ".")
    buffer.put(fraction, width: 6, at: 20)
    buffer[26] = UInt8(ascii: "Z")
  }

  /// Reads RFC 3339 (`Z` or an offset, any number of fractional digits); nil for anything else.
  public init?(_ text: some StringProtocol) {
    var text = String(text)
    let parsed = text.withUTF8 { Timestamp(rfc3339: UnsafeRawBufferPointer($0)) }
    guard let parsed else { return nil }
    self = parsed
  }

  /// Reads the same from bytes.
  public init?(rfc3339 bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 20, bytes.count <= 64,
      let year = bytes.number(0, 4), let month = bytes.number(5, 2), let day = bytes.number(8, 2),
      let hour = bytes.number(11, 2), let minute = bytes.number(14, 2), let second = bytes.number(17, 2),
      bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let days = CivilDate(year: year, month: month, day: day)?.daysSinceEpoch,
      hour < 24, minute < 60, second <= 60
    else { return nil }
    var index = 19
    var fraction: Int64 = 0
    if bytes[index] == UInt8(ascii: ".") {
      index += 1
      var digits = 0
      while index < bytes.count, let digit = bytes.number(index, 1) {
        if digits < 9 { fraction = fraction * 10 + digit }
        digits += 1
        index += 1
      }
      guard digits > 0 else { return nil }
      for _ in digits..<max(digits, 9) { fraction *= 10 }
    }
    guard let offset = Self.offset(bytes, at: index) else { return nil }
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return nil }
    nanoseconds = scaled &+ fraction
  }

  private static func offset(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int64? {
    guard index < bytes.count else { return nil }
    if bytes[index] | 0x20 == UInt8(ascii: "z") { return index + 1 == bytes.count ? 0 : nil }
    guard index + 6 == bytes.count, bytes[index + 3] == UInt8(ascii: ":"),
      let hours = bytes.number(index + 1, 2), let minutes = bytes.number(index + 4, 2),
      hours < 24, minutes < 60
    else { return nil }
    switch bytes[index] {
    case UInt8(ascii: "+"): return hours * 3600 + minutes * 60
    case UInt8(ascii: "-"): return -(hours * 3600 + minutes * 60)
    default: return nil
    }
  }
}

extension Int64 {
  func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

extension UnsafeMutableBufferPointer<UInt8> {
  fileprivate func put(_ value: Int64, width: Int, at start: Int) {
    var rest = value
    for index in stride(from: start + width - 1, through: start, by: -1) {
      self[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func number(_ start: Int, _ width: Int) -> Int64? {
    guard start + width <= count else { return nil }
    var value: Int64 = 0
    for index in start..<(start + width) {
      let byte = self[index]
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return value
  }
}
