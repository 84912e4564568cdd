extension DaemonSettings {
  /// Reads an `rbotd.toml`.
  ///
  /// - Throws: ``ConfigErrors`` with everything that is wrong with it.
  public init(path: String) throws(ConfigErrors) { try self.init(Document(path: path)) }

  /// Reads the text of settings as if it stood at `path`.
  public init(path: String, text: String) throws(ConfigErrors) {
    try self.init(Document(path: path, text: text))
  }

  private init(_ document: Document) throws(ConfigErrors) {
    self.init()
    let found = TableReader.Findings()
    let reader = TableReader(document, found)
    supervisor.read(reader.table("supervisor"))
    gateway.read(reader.table("gateway"))
    http.read(reader.table("http"))
    feed.read(reader.table("feed"))
    paper.read(reader.table("paper"))
    risk.read(reader.table("risk"))
    canary.read(reader.table("canary"))
    journal.read(reader.table("journal"))
    logs.read(reader.table("logs"))
    metrics.read(reader.table("metrics"))
    market.read(reader.table("market"))
    sandbox.read(reader.table("sandbox"))
    schedule.read(reader.table("schedule"))
    reader.finish()
    if !found.issues.isEmpty { throw ConfigErrors(found.issues) }
  }
}

extension DaemonSettings.Supervisor {
  fileprivate mutating func read(_ reader: TableReader) {
    logLevel = reader.word("log_level", logLevel)
    strategies = reader.optionalString("strategies")
    shutdownTimeout = reader.duration("shutdown_timeout", shutdownTimeout)
    controlGroup = reader.optionalString("control_group")
    python = reader.string("python", python)
    reader.finish()
  }
}

extension DaemonSettings.Gateway {
  fileprivate mutating func read(_ reader: TableReader) {
    listen = reader.read("listen", listen, "an address like \"127.0.0.1:8787\"") {
      if case .string(let text) = $0 { ListenAddress(text) } else { nil }
    }
    marketListen = reader.read("market_listen", marketListen, "an address like \"127.0.0.1:5560\"") {
      if case .string(let text) = $0 { ListenAddress(text) } else { nil }
    }
    feed = reader.read("feed", feed, "\"synthetic\", \"synthetic:SEED\" or \"replay:PATH[,PATH…][@SPEED]\"") {
      guard case .string(let text) = $0 else { return nil }
      let kind = text.prefix { $0 != ":" }
      return kind == "synthetic" || (kind == "replay" && text.count > 7) ? text : nil
    }
    anonymousRead = reader.bool("anonymous_read", anonymousRead)
    defaultStrategy = reader.optionalString("default_strategy")
    mockEvents = reader.bool("mock_events", mockEvents)
    switch (reader.optionalString("tls_certificate"), reader.optionalString("tls_key")) {
    case (let certificate?, let key?): tls = DaemonSettings.TLS(certificate: certificate, key: key)
    case (nil, nil): break
    case (_?, nil):
      reader.report("tls_certificate", "takes tls_key beside it, the file of the certificate's key")
    case (nil, _?):
      reader.report("tls_key", "takes tls_certificate beside it, the file of the key's certificate")
    }
    startTimeout = reader.duration("start_timeout", startTimeout)
    heartbeat = reader.duration("heartbeat", heartbeat)
    stopTimeout = reader.duration("stop_timeout", stopTimeout)
    executionEnabled = reader.bool("execution_enabled", executionEnabled)
    reader.finish()
  }
}

extension DaemonSettings.Feed {
  fileprivate mutating func read(_ reader: TableReader) {
    onBadLine = reader.word("on_bad_line", onBadLine)
    atEnd = reader.word("at_end", atEnd)
    reader.finish()
  }
}

extension DaemonSettings.Paper {
  fileprivate mutating func read(_ reader: TableReader) {
    balance = reader.optionalAmount("balance") ?? balance
    currency = reader.read("currency", currency, "a currency of three capital letters, like \"USD\"") {
      guard case .string(let text) = $0 else { return nil }
      return text.utf8.count == 3 && text.utf8.allSatisfy { (65...90).contains($0) } ? text : nil
    }
    slippageTicks = reader.integer("slippage_ticks", slippageTicks, in: 0...10_000)
    fee = reader.optionalAmount("fee") ?? fee
    makerFee = reader.optionalAmount("maker_fee")
    for (key, text) in [("fee", fee), ("maker_fee", makerFee ?? "0")] {
      if let share = Double(text), share >= 1 {
        reader.report(key, "is a share of the notional and must be below 1")
      }
    }
    latency = reader.pause("latency", latency)
    if latency > .seconds(3_600) { reader.report("latency", "must be an hour at the most") }
    reader.finish()
  }
}

extension DaemonSettings.Risk {
  fileprivate mutating func read(_ reader: TableReader) {
    maxOpenOrders = reader.integer("max_open_orders", maxOpenOrders, in: 1...100_000)
    maxOpenPositions = reader.integer("max_open_positions", maxOpenPositions, in: 1...100_000)
    qualityThreshold = reader.integer("quality_threshold", qualityThreshold, in: 0...100)
    ttlMinutes = reader.integer("ttl_min", ttlMinutes, in: 1...525_600)
    staleQuote = reader.optionalDuration("stale_quote")
    pauseCancelsEntries = reader.bool("pause_cancels_entries", pauseCancelsEntries)
    let minutes = reader.integer("max_hold_min", 0, in: 0...525_600)
    maxHoldMinutes = minutes == 0 ? nil : minutes
    marginCloseout = reader.optionalAmount("margin_closeout") ?? marginCloseout
    if let share = Double(marginCloseout), share > 1 {
      reader.report("margin_closeout", "is a share of the margin and must be 1 at the most")
    }
    readLimits(reader)
    readSquareOff(reader)
    reader.finish()
  }

  private mutating func readLimits(_ reader: TableReader) {
    maxOrderRate = reader.optionalInteger("max_order_rate", in: 1...1_000_000)
    maxTotalOrderRate = reader.optionalInteger("max_total_order_rate", in: 1...1_000_000)
    priceCollar = reader.limit("price_collar")
    if let share = priceCollar.flatMap({ Double($0) }), share > 1 {
      reader.report("price_collar", "is a share of the market's price and must be 1 at the most")
    }
    maxExposure = reader.limit("max_exposure")
    maxTotalExposure = reader.limit("max_total_exposure")
    maxDailyLoss = reader.limit("max_daily_loss")
    maxTotalDailyLoss = reader.limit("max_total_daily_loss")
    requireQuality = reader.bool("require_quality", requireQuality)
    largeOrder = reader.optionalAmount("large_order") ?? largeOrder
  }
}

extension DaemonSettings.Canary {
  fileprivate mutating func read(_ reader: TableReader) {
    maxUnits = reader.limit("max_units")
    maxNotional = reader.limit("max_notional") ?? maxNotional
    maxDailyLoss = reader.limit("max_daily_loss") ?? maxDailyLoss
    reader.finish()
  }
}

extension TableReader {
  /// An amount that limits something. None at all is said by leaving it out: a 0 could mean either.
  fileprivate func limit(_ key: String) -> String? {
    guard let text = optionalAmount(key) else { return nil }
    if Double(text) == 0 { report(key, "must be above 0; leave it out for no limit") }
    return text
  }
}

extension DaemonSettings.Journal {
  /// Readers of the stream, and whoever asks for a day's orders, find what they need.
  private static let keepMin = Duration.seconds(86_400)
  private static let bytesMin: UInt64 = 10_000_000

  fileprivate mutating func read(_ reader: TableReader) {
    keepEvents = reader.duration("keep_events", keepEvents)
    keepOrders = reader.duration("keep_orders", keepOrders)
    maxBytes = reader.optionalSize("max_size") ?? maxBytes
    for (key, value) in [("keep_events", keepEvents), ("keep_orders", keepOrders)] where value < Self.keepMin
    {
      reader.report(key, "must be at least \"1d\"")
    }
    if maxBytes < Self.bytesMin { reader.report("max_size", "must be at least \"10MB\"") }
    reader.finish()
  }
}

extension DaemonSettings.Logs {
  fileprivate mutating func read(_ reader: TableReader) {
    maxAge = reader.duration("max_age", maxAge)
    maxBytes = reader.optionalSize("max_size") ?? maxBytes
    reader.finish()
  }
}

extension DaemonSettings.Metrics {
  /// A minute's point is made of those of ten seconds, an hour's of those of minutes.
  private static let keepMin = Duration.seconds(7_200)

  fileprivate mutating func read(_ reader: TableReader) {
    keepTenSeconds = reader.duration("keep_10s", keepTenSeconds)
    keepMinutes = reader.duration("keep_1m", keepMinutes)
    keepHours = reader.duration("keep_1h", keepHours)
    for (key, value) in [("keep_10s", keepTenSeconds), ("keep_1m", keepMinutes)] where value < Self.keepMin {
      reader.report(key, "must be at least \"2h\": coarser points are made of these")
    }
    reader.finish()
  }
}

extension DaemonSettings.Market {
  fileprivate mutating func read(_ reader: TableReader) {
    keepSeconds = reader.duration("keep_seconds", keepSeconds)
    keepMinutes = reader.duration("keep_minutes", keepMinutes)
    keepHours = reader.duration("keep_hours", keepHours)
    maxBytes = reader.optionalSize("max_size") ?? maxBytes
    reader.finish()
  }
}

extension DaemonSettings.Sandbox {
  fileprivate mutating func read(_ reader: TableReader) {
    users = reader.bool("users", users)
    uids = reader.read("uids", uids, "the first and the last user id, like [60600, 61183], from 1000 on") {
      guard case .array(let ends) = $0, ends.count == 2, case .integer(let first) = ends[0],
        case .integer(let last) = ends[1], first >= 1_000, last >= first, last < Int(Int32.max)
      else { return nil }
      return UInt32(first)...UInt32(last)
    }
    reader.finish()
  }
}

extension DaemonSettings.Schedules {
  fileprivate mutating func read(_ reader: TableReader) {
    calendars = reader.optionalString("calendars")
    reader.finish()
  }
}

extension DaemonSettings {
  /// The folder of trading calendars of one's own; it may be missing.
  ///
  /// - Parameter file: the settings' own path, beside which it is meant.
  public func calendarFolder(beside file: String) -> String {
    let folder = schedule.calendars ?? "calendars"
    if folder.hasPrefix("/") { return folder }
    let parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return (parts + [Substring(folder)]).joined(separator: "/")
  }
}
