/// How finely a stretch of the past is kept; each level is made of the one before it.
public enum MetricLevel: Int64, CaseIterable, Sendable {
  case tenSeconds = 10
  case minute = 60
  case hour = 3_600

  /// The start of the stretch that a moment is in, both in seconds since 1970.
  public func start(of time: Int64) -> Int64 { MetricResolution.start(of: time, step: rawValue) }

  var table: String { "metric_points_\(rawValue)" }

  /// The next finer one.
  var finer: MetricLevel? {
    switch self {
    case .tenSeconds: nil
    case .minute: .tenSeconds
    case .hour: .minute
    }
  }
}

/// How long each level is kept.
public struct MetricRetention: Hashable, Sendable {
  /// Roll-ups are made of the finer rows, so those must outlive an hour.
  static let fineMin = Duration.seconds(7_200)

  public var fine: Duration
  public var minutes: Duration
  public var hours: Duration

  public init(
    fine: Duration = .seconds(86_400), minutes: Duration = .seconds(14 * 86_400),
    hours: Duration = .seconds(730 * 86_400)
  ) {
    self.fine = max(fine, Self.fineMin)
    self.minutes = max(minutes, Self.fineMin)
    self.hours = hours
  }

  func seconds(_ level: MetricLevel) -> Int64 {
    switch level {
    case .tenSeconds: fine.components.seconds
    case .minute: minutes.components.seconds
    case .hour: hours.components.seconds
    }
  }
}

/// Which level answers a question, and the seconds between its points.
struct MetricResolution: Equatable, Sendable {
  var level: MetricLevel
  var step: Int64

  /// Steps that divide minutes, hours and days.
  private static let steps: [Int64] = [
    10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
  ]

  /// The finest resolution that reaches back to `since` and gives at most `pointsMax` points.
  ///
  /// - Parameters:
  ///   - since: the first second that is wanted; all times in seconds since 1970.
  ///   - asked: points are to be at least that many seconds apart.
  init(
    since: Int64, until: Int64, now: Int64, asked: Int64, pointsMax: Int64, retention: MetricRetention
  ) {
    let reaching = MetricLevel.allCases.first { since >= now - retention.seconds($0) } ?? .hour
    let needed = max(asked, reaching.rawValue, (max(1, until - since) + pointsMax - 1) / pointsMax)
    let step = Self.steps.first { $0 >= needed } ?? (needed + 86_399) / 86_400 * 86_400
    self.step = step
    level = MetricLevel.allCases.last { $0.rawValue <= step && step % $0.rawValue == 0 } ?? reaching
  }

  /// The start of the stretch of `step` seconds that a moment is in.
  static func start(of time: Int64, step: Int64) -> Int64 {
    let rest = time % step
    return time - (rest < 0 ? rest + step : rest)
  }
}
