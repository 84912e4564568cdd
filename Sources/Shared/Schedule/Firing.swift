/// One time at which an expression comes in a zone.
public struct Firing: Hashable, Sendable {
  /// What daylight saving did to it.
  public enum Shift: Hashable, Sendable {
    case none
    /// The clocks are set forward over the time that was meant: it comes as soon as they have been.
    case moved
    /// The clocks are set back over it: this is the first of the two, and the only one that counts.
    case firstOfTwo
    /// The clocks have been set back, and elapsed time goes on: the same wall time has been before.
    case repeated
  }

  /// Seconds since 1970-01-01T00:00:00Z.
  public let second: Int64
  /// Local time minus UTC then, in seconds.
  public let offset: Int64
  /// `EDT`.
  public let abbreviation: String
  public let shift: Shift
}

extension CronExpression {
  /// The first time after `second` in a zone; nil when there is none within 50 years.
  ///
  /// A time of day comes once on each of its days, whatever the clocks do: right after a gap that swallows it, and
  /// the first time where it comes twice. Everything else follows elapsed time.
  public func next(after second: Int64, in zone: ZoneRules) -> Firing? {
    isTimeOfDay ? nextTimeOfDay(after: second, zone) : nextElapsed(after: second, zone)
  }

  private func nextTimeOfDay(after second: Int64, _ zone: ZoneRules) -> Firing? {
    var wall = second + zone.segment(at: second).offset
    while let found = next(atOrAfter: wall + 1) {
      let firing = Firing(wall: found, in: zone)
      if firing.second > second { return firing }
      wall = found
    }
    return nil
  }

  private func nextElapsed(after second: Int64, _ zone: ZoneRules) -> Firing? {
    var from = second + 1
    var segment = zone.segment(at: from)
    let last = from + (Self.yearsMax + 1) * 366 * 86_400
    while from < last, let found = next(atOrAfter: from + segment.offset) {
      let at = found - segment.offset
      if at < segment.end {
        // The wall showed it already if it lies within what the clocks were set back by.
        let before = segment.start == .min ? nil : zone.segment(at: segment.start - 1)
        let isRepeated = before.map { at - segment.start < $0.offset - segment.offset } ?? false
        return Firing(
          second: at, offset: segment.offset, abbreviation: segment.abbreviation,
          shift: isRepeated ? .repeated : .none)
      }
      // The next stretch may show again what this one has shown already, so it is searched from its own beginning.
      from = segment.end
      segment = zone.segment(at: from)
    }
    return nil
  }
}

extension Firing {
  /// A time of day: right after a gap that swallows it, the first time where it comes twice.
  init(wall: Int64, in zone: ZoneRules) {
    switch zone.resolve(wall: wall) {
    case .once(let at): self.init(at: at, in: zone)
    case .skipped(let at): self.init(at, zone.segment(at: at), .moved)
    case .twice(let at, _): self.init(at, zone.segment(at: at), .firstOfTwo)
    }
  }

  /// A second, whatever the wall shows then.
  init(at second: Int64, in zone: ZoneRules) { self.init(second, zone.segment(at: second), .none) }

  private init(_ second: Int64, _ segment: ZoneSegment, _ shift: Shift) {
    self.init(second: second, offset: segment.offset, abbreviation: segment.abbreviation, shift: shift)
  }
}
