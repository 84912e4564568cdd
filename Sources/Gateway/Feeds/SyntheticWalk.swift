import Model

/// The random walk of one instrument, in ticks and 256ths of a tick.
struct SyntheticWalk: Sendable {
  /// How an instrument behaves; prices and spreads in ticks, the step in 256ths of a tick.
  struct Profile: Sendable {
    let name: String
    let decimals: Int
    let price: Int64
    let step: Int64
    let spread: Int64
  }

  static let profiles = [
    Profile(name: "EUR_USD", decimals: 5, price: 116_550, step: 640, spread: 10),
    Profile(name: "GBP_USD", decimals: 5, price: 133_200, step: 800, spread: 13),
    Profile(name: "USD_JPY", decimals: 3, price: 151_800, step: 700, spread: 11),
    Profile(name: "BTC-USD", decimals: 2, price: 6_500_000, step: 102_400, spread: 600),
    Profile(name: "ETH-USD", decimals: 2, price: 320_000, step: 6_400, spread: 40),
  ]

  private let profile: Profile
  private let tick: Amount
  private var random: SplitMix
  /// The mid price in 256ths of a tick.
  private var price: Int64
  /// Volatility, 256 is normal.
  private var volatility: Int64 = 256
  /// The mean of a step, in 256ths of the profile's step.
  private var drift: Int64 = 0
  /// The time of the next quote.
  var due: Timestamp

  init(_ profile: Profile, seed: UInt64, start: Timestamp) {
    self.profile = profile
    tick = .step(decimals: profile.decimals)
    random = SplitMix(state: seed)
    price = profile.price << 8
    due = start
    due = start.advanced(nanoseconds: gap() / 2)
  }

  mutating func step(sequence: Int64) -> Quote {
    move()
    let spread = max(1, profile.spread * (random.below(96) + 208) * (volatility + 768) / 262_144)
    let bid = (price >> 8) - spread / 2
    defer { due = due.advanced(nanoseconds: gap()) }
    return Quote(
      sequence: sequence, instrument: profile.name, bid: Amount(raw: tick.raw * Int128(bid)),
      ask: Amount(raw: tick.raw * Int128(bid + spread)), time: due)
  }

  private mutating func move() {
    // A burst now and then; it fades over some minutes.
    if random.below(1_500) == 0 { volatility += 256 + random.below(512) }
    volatility = min(1_536, max(96, volatility + (256 - volatility) / 128 + random.gaussian(4)))
    drift = min(40, max(-40, drift - drift / 256 + (random.below(24) == 0 ? random.gaussian(8) : 0)))
    let noise = random.gaussian(profile.step) * volatility / 256
    let home = profile.price << 8
    price += noise + profile.step * drift / 256 + (home - price) / 16_384
    price = min(home * 2, max(home / 2, price))
  }

  /// A quarter of a second on average.
  private mutating func gap() -> Int64 { (60_000 + random.below(380_000)) * 1_000 }

  var state: String { "\(profile.name),\(random.state),\(price),\(volatility),\(drift)" }

  mutating func restore(_ text: Substring) -> Bool {
    let fields = text.split(separator: ",")
    guard fields.count == 5, fields[0] == profile.name, let state = UInt64(fields[1]),
      let price = Int64(fields[2]), let volatility = Int64(fields[3]), let drift = Int64(fields[4]),
      (profile.price << 7...profile.price << 9).contains(price)
    else { return false }
    random = SplitMix(state: state)
    self.price = price
    self.volatility = volatility
    self.drift = drift
    return true
  }
}

/// The SplitMix64 generator: small, fast and the same everywhere.
struct SplitMix: Sendable {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func below(_ bound: Int64) -> Int64 {
    Int64(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// Nearly normal with that deviation: the sum of the eight bytes of one draw, which deviates by 209.
  mutating func gaussian(_ deviation: Int64) -> Int64 {
    var rest = next()
    var sum: Int64 = -1_020
    for _ in 0..<8 {
      sum += Int64(rest & 0xff)
      rest >>= 8
    }
    return sum * deviation / 209
  }
}
