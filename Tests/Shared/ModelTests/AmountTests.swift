import Model
import Testing

func amount(_ text: String) -> Amount { Amount(text) ?? .zero }

@Suite struct AmountTests {
  @Test(arguments: [
    ("1.16550", "1.1655"), ("1000", "1000"), ("-0.35", "-0.35"), ("+7", "7"), ("0", "0"), ("-0", "0"),
    ("1e3", "1000"), ("1.5E-3", "0.0015"), ("0.000000000000000001", "0.000000000000000001"),
    ("00012.50", "12.5"),
    ("170141183460469231731.687303715884105727", "170141183460469231731.687303715884105727"),
    ("1.0000000000000000000000", "1"), ("123456789012345678901e-2", "1234567890123456789.01"),
  ])
  func `text is read exactly and written as short as it goes`(text: String, written: String) {
    #expect(Amount(text)?.description == written)
  }

  @Test(arguments: [
    "", "-", "+", ".", ".5", "5.", "1.2.3", "1e", "1e+", "1e1234", "abc", "1 ", " 1", "0x10", "1,5", "--1",
    "NaN",
    "inf", "0.0000000000000000001", "170141183460469231731.687303715884105728", "1e21", "1e-19",
    "99999999999999999999999999999999999999999",
  ])
  func `anything else is not an amount`(text: String) {
    #expect(Amount(text) == nil)
  }

  @Test func `a minimum of decimals is written`() {
    #expect(amount("1.1655").text(minimumDecimals: 5) == "1.16550")
    #expect(amount("-3").text(minimumDecimals: 2) == "-3.00")
    #expect(amount("1.123456").text(minimumDecimals: 2) == "1.123456")
  }

  @Test func `products and quotients round half to even`() {
    let half = Amount(raw: 500_000_000_000_000_000)
    #expect((Amount(raw: 1) * half).raw == 0)
    #expect((Amount(raw: 3) * half).raw == 2)
    #expect((Amount(raw: -3) * half).raw == -2)
    #expect((Amount(raw: 5) * half).raw == 2)
    #expect(Amount(1).divided(by: 3)?.description == "0.333333333333333333")
    #expect(Amount(2).divided(by: 3)?.description == "0.666666666666666667")
    #expect(Amount(1).divided(by: 0) == nil)
    #expect(amount("2.5").rounded(decimals: 0) == 2)
    #expect(amount("3.5").rounded(decimals: 0) == 4)
    #expect(amount("-2.5").rounded(decimals: 0) == -2)
    #expect(amount("-2.51").rounded(decimals: 0) == -3)
    #expect(amount("-2.59").truncated(decimals: 1) == amount("-2.5"))
    #expect(amount("1.25").fits(decimals: 2))
    #expect(!amount("1.255").fits(decimals: 2))
  }

  @Test func `what is out of range is nil and not a trap`() {
    let large = Amount(raw: .max)
    #expect(large.multiplied(by: large) == nil)
    #expect(large.multiplied(by: 2) == nil)
    #expect(large.multiplied(by: 1) == large)
    #expect(large.divided(by: Amount(raw: 1)) == nil)
    #expect(Amount(10_000_000_000).multiplied(by: 1_000_000_000) == amount("1e19"))
    #expect(Amount(10_000_000_000).multiplied(by: 100_000_000_000) == nil)
  }

  @Test(arguments: [UInt64(11), 12, 13, 14])
  func `products and quotients equal long arithmetic`(seed: UInt64) {
    var random = Dice(seed: seed)
    for _ in 0..<150 {
      let left = random.raw()
      let right = random.raw()
      let negative = (left < 0) != (right < 0)
      let product = Long(left.magnitude).times(Long(right.magnitude)).roundedHalfEven(
        by: Long(Amount.one.raw.magnitude))
      #expect(
        Amount(raw: left).multiplied(by: Amount(raw: right))?.raw == product.signed(negative),
        "seed \(seed): \(left) * \(right)")
      guard right != 0 else { continue }
      let quotient = Long(left.magnitude).times(Long(Amount.one.raw.magnitude))
        .roundedHalfEven(by: Long(right.magnitude))
      #expect(
        Amount(raw: left).divided(by: Amount(raw: right))?.raw == quotient.signed(negative),
        "seed \(seed): \(left) / \(right)")
    }
  }

  @Test(arguments: [UInt64(21), 22])
  func `every amount is read back from its text`(seed: UInt64) {
    var random = Dice(seed: seed)
    for _ in 0..<20_000 {
      let value = Amount(raw: random.raw())
      #expect(Amount(value.description) == value, "seed \(seed)")
      #expect(Amount(value.text(minimumDecimals: 5)) == value, "seed \(seed)")
    }
  }
}

/// A whole number of any length in base 2: slow, and plain enough to be believed.
struct Long {
  /// Lowest bit first, no leading zeros.
  var bits: [Bool]

  init(bits: [Bool]) {
    self.bits = bits
    while self.bits.last == false { self.bits.removeLast() }
  }

  init(_ value: UInt128) { self.init(bits: (0..<128).map { value >> UInt128($0) & 1 == 1 }) }

  func isLess(than other: Long) -> Bool {
    if bits.count != other.bits.count { return bits.count < other.bits.count }
    for index in bits.indices.reversed() where bits[index] != other.bits[index] { return other.bits[index] }
    return false
  }

  func plus(_ other: Long, shiftedBy shift: Int = 0) -> Long {
    var result: [Bool] = []
    var carry = 0
    for index in 0..<(max(bits.count, other.bits.count + shift) + 1) {
      let left = index < bits.count && bits[index] ? 1 : 0
      let right = index >= shift && index - shift < other.bits.count && other.bits[index - shift] ? 1 : 0
      result.append((left + right + carry) & 1 == 1)
      carry = (left + right + carry) >> 1
    }
    return Long(bits: result)
  }

  func minus(_ other: Long) -> Long {
    var result: [Bool] = []
    var borrow = 0
    for index in bits.indices {
      let difference =
        (bits[index] ? 1 : 0) - (index < other.bits.count && other.bits[index] ? 1 : 0) - borrow
      result.append(difference & 1 == 1)
      borrow = difference < 0 ? 1 : 0
    }
    return Long(bits: result)
  }

  func times(_ other: Long) -> Long {
    var result = Long(bits: [])
    for (shift, bit) in other.bits.enumerated() where bit { result = result.plus(self, shiftedBy: shift) }
    return result
  }

  func roundedHalfEven(by divisor: Long) -> Long {
    var quotient: [Bool] = []
    var rest = Long(bits: [])
    for bit in bits.reversed() {
      rest = Long(bits: [bit] + rest.bits)
      let fits = !rest.isLess(than: divisor)
      if fits { rest = rest.minus(divisor) }
      quotient.append(fits)
    }
    let whole = Long(bits: quotient.reversed())
    let twice = rest.plus(rest)
    let isOdd = whole.bits.first == true
    let isHalf = !twice.isLess(than: divisor) && !divisor.isLess(than: twice)
    let up = isHalf ? isOdd : !twice.isLess(than: divisor)
    return up ? whole.plus(Long(1)) : whole
  }

  /// Nil beyond Int128.
  func signed(_ negative: Bool) -> Int128? {
    guard bits.count <= 127 else { return nil }
    var value: Int128 = 0
    for bit in bits.reversed() { value = value << 1 | (bit ? 1 : 0) }
    return negative ? -value : value
  }
}

/// A small seeded generator (xorshift), so that a failing seed can be run again.
struct Dice {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }

  /// Of any size from a few units to the whole range, and of both signs.
  mutating func raw() -> Int128 {
    let magnitude = (UInt128(next()) << 64 | UInt128(next())) >> UInt128(1 + next() % 127)
    return next() & 1 == 0 ? Int128(magnitude) : -Int128(magnitude)
  }
}
