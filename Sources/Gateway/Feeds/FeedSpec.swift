import Model

/// How fast a replay runs.
public enum ReplaySpeed: Hashable, Sendable {
  /// So many times as fast as it was recorded.
  case times(Double)
  /// As fast as the slowest subscriber that is owed every quote.
  case max
}

/// Where quotes come from: the text after `--feed`.
///
/// `replay:PATH[,PATH…][@SPEED]` plays recorded files, merged by time; SPEED is a positive number (1 when absent)
/// or `max`. `synthetic[:SEED]` makes a market up.
public enum FeedSpec: Hashable, Sendable {
  case replay(paths: [String], speed: ReplaySpeed)
  case synthetic(seed: UInt64)

  /// Reads the text; the error's sentence shows what is allowed.
  public init(_ text: String) throws(FeedError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch parts[0] {
    case "synthetic":
      guard parts.count == 2 else {
        self = .synthetic(seed: 1)
        return
      }
      guard let seed = UInt64(parts[1]) else {
        throw FeedError(.badSpec, "The feed \(text) needs a whole number as its seed, as in synthetic:42.")
      }
      self = .synthetic(seed: seed)
    case "replay":
      guard parts.count == 2 else { throw Self.noPath(text) }
      self = try Self.replay(parts[1], in: text)
    default:
      throw FeedError(
        .badSpec, "There is no feed \(text): use replay:PATH[,PATH…][@SPEED] or synthetic[:SEED].")
    }
  }

  private static func replay(_ rest: Substring, in text: String) throws(FeedError) -> FeedSpec {
    var paths = rest
    var speed = ReplaySpeed.times(1)
    // A path may hold an @: what follows the last one is a speed only where it can be one.
    if let mark = rest.lastIndex(of: "@"), !rest[mark...].contains("/") {
      let said = rest[rest.index(after: mark)...]
      paths = rest[..<mark]
      if said == "max" {
        speed = .max
      } else if let factor = Double(said), factor > 0, factor <= 1_000_000 {
        speed = .times(factor)
      } else {
        throw FeedError(
          .badSpec,
          "The feed \(text) has the speed \(said): use a number above 0 and up to 1000000, or max.")
      }
    }
    let list = paths.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard list.allSatisfy({ !$0.isEmpty }) else { throw noPath(text) }
    return .replay(paths: list, speed: speed)
  }

  private static func noPath(_ text: String) -> FeedError {
    FeedError(.badSpec, "The feed \(text) names no file: use replay:PATH[,PATH…][@SPEED].")
  }

  /// `replay` or `synthetic`.
  public var kind: String {
    switch self {
    case .replay: "replay"
    case .synthetic: "synthetic"
    }
  }

  /// Whether the market is made up; shown wherever its quotes are.
  public var isSynthetic: Bool {
    if case .synthetic = self { true } else { false }
  }

  /// Whether the feed waits for the subscribers that are owed every quote.
  public var isLockstep: Bool {
    if case .replay(_, .max) = self { true } else { false }
  }
}

extension FeedSpec: CustomStringConvertible {
  /// The text that reads back as this value.
  public var description: String {
    switch self {
    case .synthetic(let seed): return "synthetic:\(seed)"
    case .replay(let paths, let speed):
      let list = "replay:" + paths.joined(separator: ",")
      switch speed {
      case .max: return list + "@max"
      case .times(1): return list
      case .times(let factor):
        return list + "@" + (factor == factor.rounded() ? String(Int64(factor)) : String(factor))
      }
    }
  }
}
