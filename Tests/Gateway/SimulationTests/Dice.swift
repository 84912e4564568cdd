/// A small seeded generator (xorshift), so that a failing seed can be run again.
struct Dice {
  private var state: UInt64

  init(seed: UInt64) {
    state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1
    for _ in 0..<8 { _ = next(2) }
  }

  /// 0 up to `bound`, exclusively.
  mutating func next(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
  }

  /// True once in so many times.
  mutating func once(in times: Int) -> Bool { times > 0 && next(times) == 0 }
}
