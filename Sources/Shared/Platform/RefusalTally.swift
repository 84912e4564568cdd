/// Counts what a process was refused, and says what is worth telling when. A pure value.
///
/// The first of each kind is told at once, those alike at most once a second with their number, and all
/// together at most ``perSecond`` a second; nothing is lost but the kinds beyond ``kindsMax`` that wait at once,
/// which are counted as one.
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

  /// Told in a second, at most.
  static let perSecond = 20
  /// Kinds that may wait to be told.
  static let kindsMax = 64
  /// Milliseconds between two that are alike.
  static let pause: UInt64 = 1000
  /// Under which those beyond are counted.
  static let others = Kind(call: "other calls", detail: "")

  private var waiting: [Entry] = []
  /// When those that were told lately may be told again.
  private var told: [Kind: UInt64] = [:]
  private var bucket: TokenBucket

  init(now: UInt64) { bucket = TokenBucket(capacity: Self.perSecond, perSecond: Self.perSecond, now: now) }

  /// Counts one.
  mutating func add(_ kind: Kind, now: UInt64) {
    if let index = waiting.firstIndex(where: { $0.kind == kind }) {
      waiting[index].count += 1
    } else if waiting.count < Self.kindsMax {
      waiting.append(Entry(kind: kind, count: 1, due: max(told[kind] ?? now, now)))
    } else {
      // One place is always left for them.
      let last = waiting.count - 1
      if waiting[last].kind != Self.others {
        waiting[last] = Entry(kind: Self.others, count: waiting[last].count, due: now)
      }
      waiting[last].count += 1
    }
  }

  /// What is to be told now; each is told once.
  mutating func take(now: UInt64) -> [SandboxRefusal] {
    told = told.filter { $0.value > now }
    var taken: [SandboxRefusal] = []
    var index = 0
    while index < waiting.count {
      guard waiting[index].due <= now else {
        index += 1
        continue
      }
      guard bucket.take(now: now) else { break }
      let entry = waiting.remove(at: index)
      told[entry.kind] = now + Self.pause
      taken.append(entry.refusal)
    }
    return taken
  }

  /// All that was not told yet: the process has ended.
  mutating func takeAll() -> [SandboxRefusal] {
    defer { waiting = [] }
    return waiting.map(\.refusal)
  }

  /// When ``take(now:)`` has something, nil where nothing waits.
  mutating func nextDue(now: UInt64) -> UInt64? {
    guard let due = waiting.map(\.due).min() else { return nil }
    return max(due, bucket.next(now: now))
  }
}

extension RefusalTally.Entry {
  fileprivate var refusal: SandboxRefusal {
    SandboxRefusal(call: kind.call, detail: kind.detail, count: count)
  }
}
