public import Model

/// What holds for the whole gateway, whoever trades: its mode and its kill switch. The journal keeps it, so that
/// neither a restart nor a crash changes it.
public struct Charter: Hashable, Sendable {
  /// The highest mode that an order may have.
  public internal(set) var mode: TradingMode
  /// Who set the mode, as the audit log names him; nil: it is the one that a new journal begins with.
  public internal(set) var modeBy: String?
  public internal(set) var modeSince: Timestamp?
  /// Nil while the kill switch is released.
  public internal(set) var kill: KillSwitch?

  public init(
    mode: TradingMode = .paper, modeBy: String? = nil, modeSince: Timestamp? = nil, kill: KillSwitch? = nil
  ) {
    self.mode = mode
    self.modeBy = modeBy
    self.modeSince = modeSince
    self.kill = kill
  }
}

/// The kill switch while it is engaged: no entry is admitted, everything that works is cancelled and everything that
/// is held is closed, now or at the first quote that there is. Only a person releases it.
public struct KillSwitch: Hashable, Sendable {
  /// When it was engaged, in market time.
  public let engaged: Timestamp
  /// Who did, as the audit log names him.
  public let by: String
  /// In his words.
  public let reason: String?
  /// Working orders that were cancelled for it, and positions that were closed.
  public internal(set) var cancelled: Int64
  public internal(set) var closed: Int64
  /// When nothing worked and nothing was held any more; nil while there is something left.
  public internal(set) var flat: Timestamp?

  public init(
    engaged: Timestamp, by: String, reason: String?, cancelled: Int64 = 0, closed: Int64 = 0,
    flat: Timestamp? = nil
  ) {
    self.engaged = engaged
    self.by = by
    self.reason = reason
    self.cancelled = cancelled
    self.closed = closed
    self.flat = flat
  }

  /// How long it took, in milliseconds of market time; nil while it takes.
  public var timeToFlatMilliseconds: Int64? {
    flat.map { max(0, $0.nanoseconds &- engaged.nanoseconds) / 1_000_000 }
  }
}

/// How far the kill switch is, with what is still held and why.
public struct KillReport: Hashable, Sendable {
  /// Nil: it is released.
  public let kill: KillSwitch?
  /// What is still held.
  public let left: [PositionUnitsOf]
  /// What is waited for where something is left, as a sentence.
  public let waitsFor: String?
}

/// How much of an instrument a strategy holds, signed.
public struct PositionUnitsOf: Hashable, Sendable {
  public let strategy: String
  public let instrument: String
  public let units: Quantity
}

/// A switch of the gateway's mode.
public struct ModeSwitch: Hashable, Sendable {
  public let from: TradingMode
  public let to: TradingMode
  /// Working entries of a higher mode, which were cancelled for it.
  public let cancelled: Int

  public init(from: TradingMode, to: TradingMode, cancelled: Int) {
    self.from = from
    self.to = to
    self.cancelled = cancelled
  }
}
