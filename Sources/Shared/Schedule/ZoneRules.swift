/// A stretch of time during which a zone's clocks differ from UTC by the same amount.
public struct ZoneSegment: Hashable, Sendable {
  /// Its first second, since 1970-01-01T00:00:00Z.
  public let start: Int64
  /// The first second after it.
  public let end: Int64
  /// Local time minus UTC, in seconds.
  public let offset: Int64
  /// As the zone's data call it; Dublin's winter is "daylight saving" of minus one hour there.
  public let isDaylightSaving: Bool
  /// `EST`, `+1030`.
  public let abbreviation: String
}

/// What a wall time is in UTC.
public enum WallTime: Hashable, Sendable {
  case once(Int64)
  /// The clocks are set forward over it: the second at which they are.
  case skipped(Int64)
  /// The clocks are set back over it: it comes twice.
  case twice(first: Int64, second: Int64)
}

/// A time zone: when its clocks differ how much from UTC. A value read from zone data (RFC 8536); it reads no file.
public struct ZoneRules: Hashable, Sendable {
  struct Kind: Hashable, Sendable {
    let offset: Int64
    let isDaylightSaving: Bool
    let abbreviation: String
  }

  /// The seconds at which something changes, rising.
  let changes: [Int64]
  /// What holds from each change on.
  let kinds: [Kind]
  /// What holds before the first change.
  let first: Kind
  /// What holds after the last one, year by year; nil: as the last change said.
  let footer: ZoneFooter?

  /// With the changes of the years to come, which the files of some systems leave to the rule, in the table: they are
  /// looked up a thousand times for each time that a file is read.
  func tabled() -> ZoneRules {
    guard let footer, var second = changes.last else { return self }
    var (changes, kinds) = (changes, kinds)
    while true {
      let end = footer.segment(at: second).end
      guard end > second, end < Self.tabledUntil else { break }
      changes.append(end)
      kinds.append(footer.segment(at: end).kind)
      second = end
    }
    return ZoneRules(changes: changes, kinds: kinds, first: first, footer: footer)
  }

  /// 2100-01-01T00:00:00Z
  private static let tabledUntil: Int64 = 4_102_444_800

  /// No zone at all.
  public static let utc = ZoneRules(
    changes: [], kinds: [], first: Kind(offset: 0, isDaylightSaving: false, abbreviation: "UTC"), footer: nil)

  /// The stretch that a second is in.
  public func segment(at second: Int64) -> ZoneSegment {
    guard let last = changes.last, second < last else { return tail(at: second) }
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if changes[middle] <= second { low = middle + 1 } else { high = middle }
    }
    let kind = low == 0 ? first : kinds[low - 1]
    return segment(kind, low == 0 ? .min : changes[low - 1], changes[low])
  }

  private func tail(at second: Int64) -> ZoneSegment {
    let start = changes.last ?? .min
    let kind = kinds.last ?? first
    guard let footer else { return segment(kind, start, .max) }
    let found = footer.segment(at: second)
    // The table's last change may fall into a year of the footer's.
    return segment(found.kind, max(found.start, start), found.end)
  }

  private func segment(_ kind: Kind, _ start: Int64, _ end: Int64) -> ZoneSegment {
    ZoneSegment(
      start: start, end: end, offset: kind.offset, isDaylightSaving: kind.isDaylightSaving,
      abbreviation: kind.abbreviation)
  }

  /// What a wall time is in UTC.
  ///
  /// - Parameter wall: seconds since 1970-01-01T00:00:00 as the zone's clocks show them.
  public func resolve(wall: Int64) -> WallTime {
    // Most times are far from any change.
    let near = segment(at: wall)
    if near.start <= wall - 2 * Self.offsetMax, near.end > wall + 2 * Self.offsetMax {
      return .once(wall - near.offset)
    }
    var found: [Int64] = []
    // No clock differs by more than 26 hours.
    var segment = segment(at: wall - Self.offsetMax)
    while true {
      let second = wall - segment.offset
      if second >= segment.start, second < segment.end { found.append(second) }
      guard segment.end <= wall + Self.offsetMax else { break }
      let next = self.segment(at: segment.end)
      // The clocks go from before `wall` to after it.
      if found.isEmpty, segment.end + segment.offset <= wall, segment.end + next.offset > wall {
        return .skipped(segment.end)
      }
      segment = next
    }
    switch found.count {
    case 0: return .once(wall - segment.offset)
    case 1: return .once(found[0])
    default: return .twice(first: found[0], second: found[1])
    }
  }

  static let offsetMax: Int64 = 26 * 3_600
}
