import GatewayService
import Model
import Wire

/// The process, by the names that Prometheus' own libraries give these.
enum ProcessMetrics {
  /// When this was first looked at: as the routes are made.
  static let started = WallClock.now

  static func write(to text: inout PrometheusText) {
    guard let usage = ProcessUsage.now() else { return }
    text.metric(
      "process_cpu_seconds_total", .counter, "CPU time of the gateway in seconds.", usage.cpuSeconds)
    text.metric(
      "process_resident_memory_bytes", .gauge, "Memory of the gateway in bytes.", usage.memoryBytes)
    if let files = usage.files {
      text.metric("process_open_fds", .gauge, "Open file descriptors of the gateway.", files)
    }
    text.metric("process_threads", .gauge, "Threads of the gateway.", usage.threads)
    text.metric(
      "process_start_time_seconds", .gauge, "When the gateway began to serve, in seconds since 1970.",
      Double(started.nanoseconds / 1_000_000) / 1_000)
    text.begin("rbot_build_info", .gauge, "The version that runs.")
    text.sample("rbot_build_info", [("version", Version.text)], "1")
  }
}

/// What keeps orders from being taken.
enum HealthMetrics {
  static func write(_ health: HealthBoard.Health, to text: inout PrometheusText) {
    text.metric("rbot_ready", .gauge, "Whether orders are taken.", health.isReady ? 1 : 0)
    let parts = [
      ("journal", health.journal), ("supervisor", health.supervisor), ("feed", health.feed != .failed),
    ]
    text.metric(
      "rbot_part_up", .gauge, "Whether a part that trading needs is there.", by: "part",
      parts.map { ($0.0, $0.1 ? "1" : "0") })
    text.metric(
      "rbot_mode", .gauge, "The mode of the gateway: the one with 1.", by: "mode",
      TradingMode.allCases.map { ($0.rawValue, $0 == health.mode ? "1" : "0") })
  }
}

/// The desk, its journal and its feed.
enum DeskMetrics {
  static func write(_ found: GatewayMeasures, to text: inout PrometheusText) {
    text.metric("rbot_kill_switch", .gauge, "Whether the kill switch is engaged.", found.isKilled ? 1 : 0)
    text.metric("rbot_equity", .gauge, "Worth of all accounts in their currency.", found.equity.double)
    text.metric("rbot_margin_used", .gauge, "Margin that open positions take.", found.marginUsed.double)
    write(found.accounts, to: &text)
    text.metric("rbot_journal_commits_total", .counter, "Transactions of the journal.", found.commits)
    text.metric("rbot_journal_entries_total", .counter, "Entries of all its transactions.", found.entries)
    text.begin("rbot_journal_commit_seconds", .histogram, "How long a transaction of the journal takes.")
    text.histogram("rbot_journal_commit_seconds", [], found.commitTimes)
    text.metric("rbot_events_total", .counter, "Events of the log, over all runs.", found.events)
    text.metric(
      "rbot_events_not_relayed_total", .counter, "Events that rbotd was too slow for.",
      found.eventsNotRelayed)
    text.metric("rbot_worker_sessions", .gauge, "Connections of strategies.", found.sessions)
    text.metric("rbot_feed_quotes_total", .counter, "Quotes of the feed that were taken in.", found.quotes)
    text.metric("rbot_feed_bad_lines_total", .counter, "Lines of the feed that were skipped.", found.badLines)
    text.metric("rbot_quotes_sent_total", .counter, "Quotes sent to strategies.", found.quotesSent)
    text.metric(
      "rbot_quotes_thinned_total", .counter, "Quotes that slow strategies did not get.", found.quotesThinned)
    if let age = found.quoteAgeSeconds {
      text.metric(
        "rbot_feed_quote_age_seconds", .gauge, "Age of the latest quote by the market's clock.", age)
    }
  }

  private static func write(_ accounts: [GatewayMeasures.Account], to text: inout PrometheusText) {
    func each(
      _ name: String, _ kind: PrometheusText.Kind, _ help: String,
      _ value: (GatewayMeasures.Account) -> String
    ) {
      text.metric(name, kind, help, by: "strategy", accounts.map { ($0.strategy, value($0)) })
    }
    each("rbot_orders_total", .counter, "Orders of a strategy's account, exits included.") { "\($0.orders)" }
    each("rbot_fills_total", .counter, "Fills of a strategy's account.") { "\($0.fills)" }
    each("rbot_open_orders", .gauge, "Working orders of a strategy's account.") { "\($0.openOrders)" }
    each("rbot_open_positions", .gauge, "Instruments that a strategy's account holds.") {
      "\($0.openPositions)"
    }
    each("rbot_account_equity", .gauge, "Worth of a strategy's account.") { "\($0.equity.double)" }
    each("rbot_account_realised", .gauge, "Profit that was taken, without fees.") { "\($0.realised.double)" }
    each("rbot_account_unrealised", .gauge, "Profit of what is held.") { "\($0.unrealised.double)" }
    each("rbot_account_fees", .gauge, "Fees that were paid.") { "\($0.fees.double)" }
    each("rbot_strategy_paused", .gauge, "Whether entries are refused.") { $0.isPaused ? "1" : "0" }
    each("rbot_strategy_connected", .gauge, "Whether its process is connected.") {
      $0.isConnected ? "1" : "0"
    }
  }
}

/// What the supervisor says of strategies' processes; nothing where it does not answer.
enum StrategyMetrics {
  private static let strategiesMax = 500

  static func write(_ status: JSON?, to text: inout PrometheusText) {
    text.metric("rbot_supervisor_answers", .gauge, "Whether rbotd answered.", status == nil ? 0 : 1)
    let strategies = (status?["strategies"]?.arrayValue ?? []).prefix(strategiesMax)
    let named = strategies.compactMap { part in part["name"]?.stringValue.map { ($0, part) } }
    guard !named.isEmpty else { return }
    text.begin("rbot_strategy_state", .gauge, "The state that a strategy is in.")
    for (name, part) in named {
      let state = part["state"]?.stringValue ?? "unknown"
      text.sample("rbot_strategy_state", [("strategy", name), ("state", state)], "1")
    }
    text.metric(
      "rbot_strategy_up", .gauge, "Whether a strategy's process runs.", by: "strategy",
      named.map { ($0.0, $0.1["pid"].map { !$0.isNull } ?? false ? "1" : "0") })
    text.metric(
      "rbot_strategy_restarts", .gauge, "Restarts of a strategy since rbotd began.", by: "strategy",
      named.map { ($0.0, String($0.1["restarts"]?.intValue ?? 0)) })
  }
}

/// Requests by route and status.
enum RequestMetrics {
  static func write(_ counts: RequestMeter.Counts, to text: inout PrometheusText) {
    let requests = counts.requests.sorted {
      ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
    }
    guard !requests.isEmpty else { return }
    text.begin("rbot_http_requests_total", .counter, "Requests by method, route and status.")
    for (key, count) in requests {
      text.sample(
        "rbot_http_requests_total",
        [("method", key.method), ("route", key.route), ("status", String(key.status))], String(count))
    }
    text.begin("rbot_http_request_seconds", .histogram, "From a request's header to the answer's, by route.")
    for (route, times) in counts.times.sorted(by: { $0.key < $1.key }) {
      text.histogram("rbot_http_request_seconds", [("route", route)], times)
    }
  }
}

extension Amount {
  /// As near as a binary number gets: Prometheus has no others.
  fileprivate var double: Double { Double(description) ?? 0 }
}
