import Accounts
public import Config
import Feeds
import Model
import PaperBroker
import Schedule
import Storage
import Trading

/// What the gateway process was told: by its command line and `rbotd.toml`.
public struct GatewayConfiguration: Sendable {
  /// Holds `trading.sqlite` and `gateway.sock`.
  public var home: String
  /// The socket that workers connect to; nil: `gateway.sock` in the home.
  public var socketPath: String?
  public var feed: String
  public var listen: ListenAddress
  public var settings: DaemonSettings
  /// What `EXECUTION_ENABLED` holds in the environment.
  public var executionWord: String?
  /// Whether made-up events are shown.
  public var mockEvents: Bool
  /// Trading calendars of one's own; nil: none.
  public var calendarFolder: String?

  public init(home: String, settings: DaemonSettings) {
    self.home = home
    self.settings = settings
    feed = settings.gateway.feed
    listen = settings.gateway.listen
    mockEvents = settings.gateway.mockEvents
  }

  var databasePath: String { home + "/trading.sqlite" }
  var marketPath: String { home + "/market.sqlite" }
  var accountsPath: String { home + "/accounts.sqlite" }

  /// The rules for users. Where only this machine can try passwords, short ones are taken.
  var accountSettings: AccountSettings {
    var settings = AccountSettings()
    if listen.isLoopback { settings.passwordLengthMin = 4 }
    return settings
  }

  var workerSocket: String { socketPath ?? home + "/gateway.sock" }

  /// What the paper broker charges.
  var paperProfile: PaperProfile {
    let paper = settings.paper
    let latency = paper.latency.components
    return PaperProfile(
      takerFeeRate: Amount(paper.fee) ?? .zero, makerFeeRate: paper.makerFee.flatMap { Amount($0) },
      slippageTicks: paper.slippageTicks,
      latencyMilliseconds: Int(latency.seconds * 1_000 + latency.attoseconds / 1_000_000_000_000_000))
  }

  /// When positions are squared off, by instrument.
  ///
  /// - Throws: ``StorageError`` with a sentence for a time zone or a calendar that is not there.
  func squareOffHours(of instruments: [Instrument]) throws(StorageError) -> [String: SquareOffHours] {
    let sources = ScheduleSources(calendars: calendarFolder)
    var found: [String: SquareOffHours] = [:]
    for instrument in instruments {
      do throws(ScheduleSources.Missing) {
        found[instrument.name] = try settings.risk.squareOff(for: instrument.name).hours(sources)
      } catch {
        throw StorageError(.refused, "[risk] square_off of \(instrument.name): \(error)")
      }
    }
    return found
  }

  /// The rules of the order desk.
  func tradingSettings(isLive: Bool) -> TradingSettings {
    let risk = settings.risk
    var staleQuote = risk.staleQuote.map { Int($0.components.seconds) }
    // A recording's quotes are as old as they are.
    if !isLive { staleQuote = nil }
    let closeout = Amount(risk.marginCloseout) ?? .zero
    return TradingSettings(
      mode: .paper, currency: settings.paper.currency,
      startingBalance: Amount(settings.paper.balance) ?? 10_000, qualityThreshold: risk.qualityThreshold,
      timeToLiveSeconds: risk.ttlMinutes * 60, maxOpenOrders: risk.maxOpenOrders,
      maxOpenPositions: risk.maxOpenPositions, pauseCancelsEntries: risk.pauseCancelsEntries,
      maxHoldSeconds: risk.maxHoldMinutes.map { $0 * 60 },
      marginCloseout: closeout.isPositive ? closeout : nil,
      limits: limits(staleQuoteSeconds: staleQuote), canary: canary,
      execution: ExecutionRules(isEnabled: isExecutionEnabled))
  }

  private func limits(staleQuoteSeconds: Int?) -> RiskLimits {
    let risk = settings.risk
    func amount(_ text: String?) -> Amount? { text.flatMap { Amount($0) } }
    return RiskLimits(
      orderRate: risk.maxOrderRate, totalOrderRate: risk.maxTotalOrderRate,
      priceCollar: amount(risk.priceCollar), exposure: amount(risk.maxExposure),
      totalExposure: amount(risk.maxTotalExposure), dailyLoss: amount(risk.maxDailyLoss),
      totalDailyLoss: amount(risk.maxTotalDailyLoss), staleQuoteSeconds: staleQuoteSeconds,
      requiresQuality: risk.requireQuality,
      largeOrder: amount(risk.largeOrder).flatMap { $0.isPositive ? $0 : nil })
  }

  private var canary: CanaryLimits {
    let canary = settings.canary
    return CanaryLimits(
      maxUnits: canary.maxUnits.flatMap { Amount($0) }, maxNotional: Amount(canary.maxNotional) ?? .zero,
      maxDailyLoss: Amount(canary.maxDailyLoss) ?? .zero)
  }

  /// What the settings say, or the environment; where that says no, it is no.
  var isExecutionEnabled: Bool {
    switch executionWord?.lowercased() {
    case nil, "": settings.gateway.executionEnabled
    case "true", "1", "yes", "on": true
    default: false
    }
  }
}

/// Why the gateway cannot start or go on: a sentence for the supervisor and the terminal, and the exit code.
public struct GatewayFailure: Error, Sendable, CustomStringConvertible {
  /// The exit code (EX_CONFIG of sysexits.h) by which the supervisor knows that trying again is of no use.
  public static let cannotRunAsConfigured: Int32 = 78
  /// The exit code (EX_IOERR) of one that may well run at the next try.
  public static let diskFailed: Int32 = 74

  public let reason: String
  public let message: String
  public let exitCode: Int32

  public init(_ reason: String, _ message: String, exitCode: Int32 = Self.cannotRunAsConfigured) {
    self.reason = reason
    self.message = message
    self.exitCode = exitCode
  }

  public var description: String { message }
}
