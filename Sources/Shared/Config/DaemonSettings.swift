/// What `rbotd.toml` says; every key may be absent.
public struct DaemonSettings: Equatable, Sendable {
  /// `[supervisor]`.
  public struct Supervisor: Equatable, Sendable {
    /// Lines below this level are not kept.
    public enum Level: String, CaseIterable, Sendable { case debug, info, warning, error }
    public var logLevel = Level.info
    /// The folder of strategies; nil: `strategies` beside the settings.
    public var strategies: String?
    /// How long the whole shutdown may take before everything that is left is killed.
    public var shutdownTimeout = Duration.seconds(30)
    /// The group whose members may use the control socket; nil: only the daemon's user and root.
    public var controlGroup: String?
    /// The interpreter for strategies that say `run = "file.py"`.
    public var python = "python3"
  }

  /// `[gateway]`.
  public struct Gateway: Equatable, Sendable {
    /// Where HTTP is served.
    public var listen = ListenAddress(host: "127.0.0.1", port: 8787)
    /// Where quotes come from: `synthetic[:SEED]` or `replay:PATH[,PATH…][@SPEED]`.
    public var feed = "synthetic"
    /// Whether prices, orders and events are shown without a login even when there are users.
    public var anonymousRead = false
    /// The strategy that `/api/bot/…` means; nil: the only one there is.
    public var defaultStrategy: String?
    /// The certificate chain and the key in PEM files; nil: HTTP is served in plain text.
    public var tls: TLS?
    /// Whether made-up events are shown, to try a dashboard with.
    public var mockEvents = false
    /// Where the market's data is served alone beside that; nil: nowhere.
    public var marketListen: ListenAddress?
    public var startTimeout = Duration.seconds(30)
    public var heartbeat = Duration.seconds(5)
    public var stopTimeout = Duration.seconds(10)
    /// Whether real orders may be sent at all, by brokers that can; it takes the mode and the PIN as well.
    public var executionEnabled = false
  }

  /// Where the files of a certificate are.
  public struct TLS: Equatable, Sendable {
    public var certificate: String
    public var key: String
  }

  /// `[feed]`: how a replay is read.
  public struct Feed: Equatable, Sendable {
    /// What an unreadable line does.
    public enum OnBadLine: String, CaseIterable, Sendable { case skip, stop }
    /// What the end of the last file does to the orders and positions that are left.
    public enum AtEnd: String, CaseIterable, Sendable { case close, keep }
    public var onBadLine = OnBadLine.skip
    public var atEnd = AtEnd.close
  }

  /// `[paper]`; amounts are decimal text.
  public struct Paper: Equatable, Sendable {
    /// What each strategy's account starts with.
    public var balance = "10000"
    public var currency = "USD"
    /// Ticks that a market order is filled beyond the quote.
    public var slippageTicks = 0
    /// The fee as a share of the notional.
    public var fee = "0"
    /// That of a limit order that waited for the market; nil: `fee`.
    public var makerFee: String?
    /// How long an order takes to the market.
    public var latency = Duration.zero
  }

  /// `[risk]`, for each strategy, and with `total` for all together; amounts are decimal text, in the account's
  /// currency, and nil is no limit on paper.
  public struct Risk: Equatable, Sendable {
    public var maxOpenOrders = 200
    public var maxOpenPositions = 20
    /// The score below which an order that has one is refused, 0 to 100.
    public var qualityThreshold = 70
    /// Minutes until a pending order expires.
    public var ttlMinutes = 360
    /// Refuses an entry on a quote that is older; nil never does.
    public var staleQuote: Duration?
    /// Whether a pause also cancels working entries.
    public var pauseCancelsEntries = true
    /// Minutes after which a trade is closed that does not say so itself; nil never does.
    public var maxHoldMinutes: Int?
    /// The share of the margin that its trades bind, below which a strategy's equity has them closed; 0 never does.
    public var marginCloseout = "0.5"
    /// When positions are closed each day: of all instruments, and of the classes that have a rule of their own.
    public var squareOff = SquareOffSettings()
    public var forexSquareOff: SquareOffSettings?
    public var cryptoSquareOff: SquareOffSettings?
    /// Entries a second.
    public var maxOrderRate: Int?
    public var maxTotalOrderRate: Int?
    /// How far an order's price may be from the market, as a share of it.
    public var priceCollar: String?
    /// What positions and working entries may be worth.
    public var maxExposure: String?
    public var maxTotalExposure: String?
    /// Entries are refused once so much was lost since midnight UTC.
    public var maxDailyLoss: String?
    public var maxTotalDailyLoss: String?
    /// Whether a strategy's entry must have a quality score.
    public var requireQuality = false
    /// An order that is worth so much is told of and audited.
    public var largeOrder = "100000"
  }

  /// `[canary]`: what holds on top in canary mode, for each strategy.
  public struct Canary: Equatable, Sendable {
    /// Units of one instrument; nil: as many as the notional allows.
    public var maxUnits: String?
    public var maxNotional = "1000"
    public var maxDailyLoss = "50"
  }

  /// `[journal]`: how long what the gateway did is kept, in time of the market. What is open always is.
  public struct Journal: Equatable, Sendable {
    public var keepEvents = Duration.seconds(90 * 86_400)
    /// Orders that have ended, with their history, and fills.
    public var keepOrders = Duration.seconds(5 * 366 * 86_400)
    /// Beyond it the oldest go before their time, events first.
    public var maxBytes: UInt64 = 20_000_000_000
  }

  /// `[logs]`: what is kept.
  public struct Logs: Equatable, Sendable {
    public var maxAge = Duration.seconds(14 * 86_400)
    public var maxBytes: UInt64 = 512_000_000
  }

  /// `[metrics]`: how long the history of metrics is kept, by how fine it is.
  public struct Metrics: Equatable, Sendable {
    /// Points of ten seconds.
    public var keepTenSeconds = Duration.seconds(86_400)
    /// Points of a minute.
    public var keepMinutes = Duration.seconds(14 * 86_400)
    /// Points of an hour.
    public var keepHours = Duration.seconds(730 * 86_400)
  }

  /// `[market]`: how long candles are kept, by how long they are.
  public struct Market: Equatable, Sendable {
    /// Of those below a minute.
    public var keepSeconds = Duration.seconds(2 * 86_400)
    /// From a minute to below an hour.
    public var keepMinutes = Duration.seconds(90 * 86_400)
    /// From an hour on.
    public var keepHours = Duration.seconds(3_650 * 86_400)
    public var maxBytes: UInt64 = 256_000_000
  }

  /// `[sandbox]`: what holds for all strategies.
  public struct Sandbox: Equatable, Sendable {
    /// Whether each strategy runs as a user of its own where rbotd has the privilege to do that.
    public var users = true
    /// The user ids that are given to strategies; nobody else may have them.
    public var uids: ClosedRange<UInt32> = 60_600...61_183
  }

  /// `[schedule]`.
  public struct Schedules: Equatable, Sendable {
    /// The folder of trading calendars of one's own; nil: `calendars` beside the settings.
    public var calendars: String?
  }

  public var supervisor = Supervisor()
  public var gateway = Gateway()
  public var http = HTTP()
  public var feed = Feed()
  public var paper = Paper()
  public var risk = Risk()
  public var canary = Canary()
  public var journal = Journal()
  public var logs = Logs()
  public var metrics = Metrics()
  public var market = Market()
  public var sandbox = Sandbox()
  public var schedule = Schedules()

  /// The defaults.
  public init() {}
}

/// A host and a TCP port.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
  public var host: String
  /// 0 lets the system choose.
  public var port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `127.0.0.1:8787`, `localhost:0` or `[::1]:8787`.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
