public import Accounts
import BrokerInterface
import Config
public import Feeds
import Foundation
import IPC
import MarketStore
public import Model
public import NIOCore
import NIOPosix
import PaperBroker
import Platform
import Storage
import Trading
import TradingStore
import Wire

/// The one owner of the order desk, the feed and the workers' sessions; it lives on one event loop, and so do all
/// its connections.
///
/// Whatever happens (an order, a quote, a commit, a command of the supervisor) comes in on that loop and changes
/// the desk in memory at once; what it caused is committed by the journal's thread, and only then is anybody told,
/// in the order in which it happened.
public actor Gateway {
  public nonisolated let loop: any EventLoop
  public nonisolated let health = HealthBoard()
  public nonisolated let http = HTTPBoard()
  public nonisolated let events: EventHub
  /// The latest quotes, for HTTP.
  public nonisolated let quotes = QuoteHub()
  public nonisolated let spec: FeedSpec
  /// What the feed quotes.
  public nonisolated let instruments: [Instrument]
  /// Who may do what over HTTP.
  public nonisolated let accounts: Accounts

  public nonisolated let configuration: GatewayConfiguration
  let store: TradingStore
  /// Runs questions to the store, which block.
  let questions = DispatchQueue(label: "questions")
  var core: TradingCore
  var journal: Journal?
  var outbox = Outbox()
  var refusalAudit = RefusalAudit()
  var isAuditScheduled = false
  var feed: FeedState
  var candles = CandleBook()
  /// Nil where its file cannot be used: there are fewer candles then, and trading goes on.
  nonisolated let market: MarketStore?
  let marketTrouble: StorageError?
  var barrier = LockstepBarrier<CollectedRequest>()

  var tokens = TokenRegistry()
  var listener: Listener?
  var sessions: [Int: WorkerSession] = [:]
  var sessionsByStrategy: [String: WorkerSession] = [:]
  /// By instrument, in the order of the strategies' names.
  var subscribers: [String: [WorkerSession]] = [:]
  var nextSession = 1
  /// Connections of workers, those that have not said anything yet too.
  var openDoors = 0
  /// Those with an unknown token that were not told of yet, and when one was.
  var strangers: (count: Int, toldAt: NIODeadline?) = (0, nil)

  var supervisor: Connection?
  /// Questions of HTTP that wait for the supervisor's answer.
  var supervisorQuestions = 0
  /// The broker behind a network; nil: the paper broker, which is part of the desk.
  var broker: (any BrokerAdapter)?
  var brokerClock: RepeatedTask?
  var equity = EquityWatch()
  /// Whether somebody follows the events at the supervisor.
  var relaysEvents = false
  var isFeedHeld = false
  /// When candles were looked through for old ones last.
  var prunedCandles = NIODeadline.now()
  /// The last quote that HTTP was shown.
  var shownQuote: Int64 = 0
  var reloads: [@Sendable () throws(GatewayFailure) -> Void] = []
  /// When the journal is looked through for what is too old; nil while it is.
  var nextPruning: NIODeadline? = .now() + .minutes(1)
  var heartbeat: RepeatedTask?
  var housekeeping: RepeatedTask?
  var mock: RepeatedTask?
  var mocks = MockEvents()
  var progress: Int64 = 0
  var counters = Counters()
  var listen = ""
  var scratch = ByteBuffer()
  var phase = Phase.starting
  let ended: EventLoopPromise<GatewayFailure?>

  enum Phase {
    case starting
    case running
    case stopping
    case ended
  }

  /// What is shown as metrics.
  struct Counters {
    var commits = 0
    var entries = 0
    var quotesSent = 0
    var quotesThinned = 0
    var unknownNotifications = 0
    var eventsNotRelayed = 0
    var prunedRows = 0
  }

  public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  /// Opens the journal and looks at the feed; blocks, and nothing runs yet.
  ///
  /// - Throws: ``GatewayFailure`` with a sentence.
  public init(_ configuration: GatewayConfiguration, on loop: any EventLoop) throws(GatewayFailure) {
    self.loop = loop
    self.configuration = configuration
    do throws(FeedError) {
      spec = try FeedSpec(configuration.feed)
    } catch {
      throw GatewayFailure(error.reason.rawValue, error.message)
    }
    do throws(StorageError) {
      store = try TradingStore(path: configuration.databasePath)
      accounts = try Accounts(
        path: configuration.accountsPath, settings: configuration.accountSettings, on: EventLoops.one().next()
      ) { WallClock.now }
      events = EventHub(last: store.lastEventSequence)
      feed = try Self.feedState(spec, configuration, stored: try store.feedPosition())
      instruments = feed.instruments
      switch Self.openMarket(configuration, feed) {
      case .success(let opened): (market, marketTrouble) = (opened, nil)
      case .failure(let error): (market, marketTrouble) = (nil, error)
      }
      var settings = configuration.tradingSettings(isLive: feed.isLive)
      settings.squareOff = try configuration.squareOffHours(of: feed.instruments)
      core = TradingCore(
        settings: settings, instruments: feed.instruments,
        venue: PaperBroker(instruments: feed.instruments, profile: configuration.paperProfile),
        restoring: try store.load(rememberedOrders: settings.rememberedOrders), lookup: store)
    } catch {
      // A disk that is full now need not be so at the next try: it must not end the daemon and all that runs.
      let passes = [.full, .inputOutput, .busy].contains(error.reason)
      throw GatewayFailure(
        error.reason.rawValue, error.message,
        exitCode: passes ? GatewayFailure.diskFailed : GatewayFailure.cannotRunAsConfigured)
    }
    // Last, because a promise that nobody keeps stops the program.
    ended = loop.makePromise(of: GatewayFailure?.self)
    let spec = spec
    health.update {
      $0.feedKind = spec.kind
      $0.feedSpec = spec.description
      $0.isSynthetic = spec.isSynthetic
    }
  }

  /// A gateway with a thread that does nothing else.
  public static func onItsOwnThread(_ configuration: GatewayConfiguration) throws(GatewayFailure) -> Gateway {
    try Gateway(configuration, on: EventLoops.one().next())
  }

  private static func feedState(
    _ spec: FeedSpec, _ configuration: GatewayConfiguration, stored: FeedPosition?
  ) throws(StorageError) -> FeedState {
    do throws(FeedError) {
      return try FeedState(spec, settings: configuration.settings.feed, stored: stored)
    } catch {
      throw StorageError(.refused, error.message)
    }
  }

  /// The moment by the market's clock: the wall's on a live feed, the latest quote's on a replay, so that a
  /// replay gives the same journal every time.
  var marketNow: Timestamp {
    feed.isLive ? WallClock.now : core.marketTime ?? feed.position.time ?? feed.firstTime ?? WallClock.now
  }

  /// Waits until the gateway has ended; nil when it was told to.
  public nonisolated func finished() async throws -> GatewayFailure? {
    let failure = try await ended.futureResult.get()
    try? await accounts.record(await takeLastAudit())
    await market?.close()
    await accounts.close()
    return failure
  }

  // MARK: - The way to the journal and out

  /// Makes what happened durable and then tells; `effect` runs at once where there is nothing to wait for.
  func perform(_ changes: ChangeSet, events: [NewEvent] = [], then effect: @escaping Outbox.Effect) {
    if changes.isEmpty, events.isEmpty {
      if outbox.isEmpty { effect([]) } else { outbox.append(effect) }
      return
    }
    var entry = JournalEntry(changes: changes, events: events)
    entry.feed = feed.takeUnsaved()
    outbox.appendCommitting { [self] events in
      tell(changes, events)
      effect(events)
    }
    journal?.submit(entry)
  }

  func committed(_ outcome: Journal.Committed) {
    switch outcome {
    case .entries(let entries):
      counters.commits += 1
      counters.entries += entries.count
      progress += 1
      for events in entries {
        outbox.takeCommitted()?(events)
        while let effect = outbox.takeReady() { effect([]) }
      }
      advanceLockstep()
    case .failed(let error):
      health.update { $0.journal = false }
      fail(
        GatewayFailure(
          error.reason.rawValue,
          "The journal cannot be written, so nothing is traded any more: \(error.message)",
          exitCode: GatewayFailure.diskFailed))
    case .closed: finish(nil)
    }
  }

  /// Tells of a commit: the strategies their orders and fills, the supervisor and HTTP the events.
  private func tell(_ changes: ChangeSet, _ stored: [StoredEvent]) {
    send(changes.requests)
    for order in changes.orders {
      guard let session = sessionsByStrategy[order.strategy] else { continue }
      let decimals = decimals(order.instrument)
      session.connection.send {
        $0.writeNotification("order") { writer in
          writer.beginObject()
          writer.key("order")
          writer.value(order, priceDecimals: decimals)
          writer.endObject()
        }
      }
    }
    for fill in changes.fills {
      guard let session = sessionsByStrategy[fill.strategy] else { continue }
      let decimals = decimals(fill.instrument)
      session.connection.send {
        $0.writeNotification("fill") { writer in
          writer.beginObject()
          writer.key("fill")
          writer.value(fill, priceDecimals: decimals)
          writer.endObject()
        }
      }
    }
    if !changes.fills.isEmpty { equityChanged(by: changes.fills) }
    events.publish(stored)
    if !changes.events.isEmpty { auditOrders(changes.events) }
    guard relaysEvents, let supervisor else { return }
    for event in stored {
      // A supervisor that lags can ask for what it missed; piling events up for it would end the connection.
      scratch.clear()
      scratch.writeNotification("event") { $0.value(event) }
      if !supervisor.sendThinnable(encoded: scratch) { counters.eventsNotRelayed += 1 }
    }
  }

  func decimals(_ instrument: String) -> Int { feed.decimals[instrument] ?? 0 }
}
