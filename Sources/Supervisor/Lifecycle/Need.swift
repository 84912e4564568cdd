public import Model

/// What one worker needs of another, and how that stands.
public struct Need: Hashable, Sendable {
  /// How far the other one is.
  public enum Standing: String, Hashable, Sendable {
    /// It runs.
    case ready
    /// It does not run yet, and will, or will at least be tried.
    case coming
    /// It does not run, and nothing makes it run soon: stopped, failed, finished, between two tries, or not there.
    case absent
  }

  /// The other one's name; `gateway` is the gateway.
  public let name: String
  /// From `requires`: nothing but ready will do. Otherwise from `after`: it is enough that it has been tried.
  public let isRequired: Bool
  public let standing: Standing
  /// What the other one is, for people: `failed`.
  public let state: String

  public init(name: String, isRequired: Bool, standing: Standing, state: String) {
    self.name = name
    self.isRequired = isRequired
    self.standing = standing
    self.state = state
  }

  /// Whether a start may go ahead as far as this one is concerned.
  public var isMet: Bool { isRequired ? standing == .ready : standing != .coming }
  /// For people: `recorder (failed)`.
  public var words: String { "\(name) (\(state))" }
}

/// One worker as those see it who depend on it, or on whom it depends.
public struct Companion: Hashable, Sendable {
  public var state: WorkerState
  /// Whether it should run.
  public var isWanted: Bool
  /// It waits, and what it waits for is not going to come by itself.
  public var waitsInVain: Bool
  /// It was killed again and again and is still there.
  public var isUnkillable: Bool
  /// It is tried for ever, as the gateway is: whoever needs it to start waits.
  public var isNeverGivenUp: Bool

  public init(
    state: WorkerState, isWanted: Bool, waitsInVain: Bool = false, isUnkillable: Bool = false,
    isNeverGivenUp: Bool = false
  ) {
    self.state = state
    self.isWanted = isWanted
    self.waitsInVain = waitsInVain
    self.isUnkillable = isUnkillable
    self.isNeverGivenUp = isNeverGivenUp
  }

  /// How it stands for those who depend on it. A paused one runs, and sees data.
  public var standing: Need.Standing {
    let standing: Need.Standing =
      switch state {
      case .ready, .paused: .ready
      case .starting: .coming
      case .stopping: isWanted ? .coming : .absent
      case .waiting: waitsInVain ? .absent : .coming
      case .stopped, .backoff, .failed, .scheduled, .finished: .absent
      }
    return standing == .absent && isNeverGivenUp ? .coming : standing
  }
}
