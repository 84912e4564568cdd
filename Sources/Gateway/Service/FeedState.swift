import Config
import Feeds
import Foundation
import Model
import NIOCore
import Platform
import TradingStore

/// The feed that the gateway plays, and how far it is.
///
/// The position is committed with everything that a quote caused. After a restart under the same supervisor a feed
/// goes on behind the last committed quote, so no quote counts twice; those that were shown but caused nothing are
/// shown again. Under a new supervisor a replay that was under way goes on too, and one that had ended begins
/// anew. Positions and orders are kept in each case.
struct FeedState {
  let spec: FeedSpec
  let instruments: [Instrument]
  /// Price decimals by instrument.
  let decimals: [String: Int]
  /// The time that a replay begins at.
  let firstTime: Timestamp?
  let closesAtEnd: Bool
  private let plan: ReplayPlan?
  private let onBadLine: BadLinePolicy
  private let resumed: FeedPosition?

  var position: FeedPosition
  var state = HealthBoard.FeedState.held
  var player: FeedPlayer?
  var timer: Scheduled<Void>?
  var isPumpScheduled = false
  /// The second of the latest quote, to move the market's clock once for each.
  var lastSecond: Int64 = .min
  /// The position that was written last.
  var savedSequence: Int64

  init(_ spec: FeedSpec, settings: DaemonSettings.Feed, stored: FeedPosition?) throws(FeedError) {
    self.spec = spec
    closesAtEnd = settings.atEnd == .close
    onBadLine = settings.onBadLine == .stop ? .stop : .skip
    var identity = "\(spec)"
    switch spec {
    case .synthetic:
      plan = nil
      instruments = SyntheticMarket.instruments
    case .replay(let paths, _):
      let plan = try ReplayPlan(paths: paths)
      // The speed may change between two runs: the quotes are the same.
      identity = "replay|" + plan.identity
      self.plan = plan
      instruments = plan.instruments
    }
    firstTime = plan?.firstTime
    decimals = Dictionary(uniqueKeysWithValues: instruments.map { ($0.name, $0.priceDecimals) })
    let owner = Self.supervisorIdentity()
    if let stored, stored.identity == identity, !stored.hasEnded || stored.owner == owner {
      resumed = stored
      position = stored
      position.owner = owner
      if stored.hasEnded { state = .ended }
    } else {
      resumed = nil
      position = FeedPosition(identity: identity, owner: owner)
    }
    savedSequence = position.sequence
  }

  /// Whether its quotes are of this moment.
  var isLive: Bool { spec.isSynthetic }

  /// Where the feed is at this moment, for the journal; nil where the journal knows.
  mutating func takeUnsaved() -> FeedPosition? {
    guard position.sequence != savedSequence || position.hasEnded else { return nil }
    savedSequence = position.sequence
    position.state = player?.state
    return position
  }

  /// Starts the source.
  ///
  /// - Parameter onAvailable: As ``ReadAhead``'s.
  mutating func start(now: Timestamp, onAvailable: @escaping @Sendable () -> Void) {
    switch spec {
    case .synthetic(let seed):
      player = FeedPlayer(
        SyntheticMarket(
          seed: seed, start: now, sequence: position.sequence, restoring: resumed?.state))
    case .replay(_, let speed):
      guard let plan else { return }
      let onBadLine = onBadLine
      let ahead = ReadAhead(
        skipping: position.sequence, onAvailable: onAvailable,
        make: { () throws(FeedError) in try ReplaySource(plan, onBadLine: onBadLine) })
      player = FeedPlayer(ahead, speed: speed)
    }
    state = .live
  }

  /// Says in which process, since which start of it and of the system, the supervisor runs.
  private static func supervisorIdentity() -> String {
    let parent = getppid()
    let text = (try? String(contentsOfFile: "/proc/\(parent)/stat", encoding: .utf8)) ?? ""
    let fields = text.lastIndex(of: ")").map { text[text.index(after: $0)...].split(separator: " ") } ?? []
    return "\(BootID.current)/\(parent)/\(fields.count > 19 ? fields[19] : "")"
  }
}
