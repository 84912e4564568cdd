/// Counts what a process was refused, and says what is worth telling when. A pure value.
///
/// The first of each kind is told at once, those alike at most once a second with their number. What comes after a
/// burst of ``burst`` lines is summed up, one line every ten seconds, for as long as it goes on; nothing is lost from
/// the count.
struct RefusalTally {
  struct Kind: Hashable {
    let call: String
    let detail: String

    /// - Parameter detail: may come from the process itself, so it is cut and cleaned here.
    init(call: String, detail: String) {
      self.call = call
      var clean = ""
      for scalar in detail.unicodeScalars.prefix(200) {
        let isPlain = scalar.value >= 32 && !(127..<160).contains(scalar.value)
        clean += isPlain ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
      }
      self.detail = clean
    }
  }

  fileprivate struct Entry {
    var kind: Kind
    var count: Int
    var due: UInt64
  }

  /// Told by themselves, at most, before the rest is summed up: a program that looks for a way out tries two hundred.
  static let burst = 256
  /// How many more there are every ten seconds.
  static let refill = 10
  /// Kinds that may wait to be told.
  static let kindsMax = 256
  /// Milliseconds between two that are alike.
  static let pause: UInt64 = 1_000
  /// Milliseconds between two sums.
  static let sumPause: UInt64 = 10_000
  /// Under which those beyond are counted.
  static let others = Kind(call: "other calls", detail: "")

  private var waiting: [Entry] = []
  /// When those that were told lately may be told again.
  private var told: [Kind: UInt64] = [:]
  /// How many may still be told by themselves.
  private var left = Self.burst
  /// When that is looked at anew.
  private var windowEnd: UInt64
  /// Something had to be summed up since then.
  private var overflowed = false

  init(now: UInt64) { windowEnd = now + Self.sumPause }

  /// Counts one.
  mutating func add(_ kind: Kind, now: UInt64) {
    if let index = waiting.firstIndex(where: { $0.kind == kind }) {
      waiting[index].count += 1
    } else if waiting.count < Self.kindsMax {
      waiting.append(Entry(kind: kind, count: 1, due: max(told[kind] ?? now, now)))
    } else {
      sumUp(1, now)
    }
  }

  /// What is to be told now; each is told once.
  mutating func take(now: UInt64) -> [SandboxRefusal] {
    told = told.filter { $0.value > now }
    if now >= windowEnd {
      // Who has kept within what he may gets some more; who has not is summed up once more.
      if !overflowed { left = min(Self.burst, left + Self.refill) }
      overflowed = false
      windowEnd = now + Self.sumPause
    }
    var taken: [SandboxRefusal] = []
    var index = 0
    while index < waiting.count {
      let entry = waiting[index]
      if entry.due > now {
        index += 1
      } else if entry.kind == Self.others {
        waiting.remove(at: index)
        told[Self.others] = now + Self.sumPause
        overflowed = true
        taken.append(entry.refusal)
      } else if left > 0 {
        waiting.remove(at: index)
        left -= 1
        told[entry.kind] = now + Self.pause
        taken.append(entry.refusal)
      } else {
        waiting.remove(at: index)
        sumUp(entry.count, now)
      }
    }
    return taken
  }

  private mutating func sumUp(_ count: Int, _ now: UInt64) {
    overflowed = true
    if let index = waiting.firstIndex(where: { $0.kind == Self.others }) {
      waiting[index].count += count
    } else {
      waiting.append(
        Entry(kind: Self.others, count: count, due: max(told[Self.others] ?? 0, now + Self.sumPause)))
    }
  }

  /// All that was not told yet: the process has ended.
  mutating func takeAll() -> [SandboxRefusal] {
    defer { waiting = [] }
    return waiting.map(\.refusal)
  }

  /// When ``take(now:)`` has something to look at, nil where nothing waits.
  func nextDue() -> UInt64? { waiting.map(\.due).min() }
}

extension RefusalTally.Entry {
  fileprivate var refusal: SandboxRefusal {
    SandboxRefusal(call: kind.call, detail: kind.detail, count: count)
  }
}
