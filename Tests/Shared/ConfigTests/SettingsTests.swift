import Foundation
import Testing

@testable import Config

@Suite struct SettingsTests {
  @Test("An empty file means the defaults, and the example file says what they are")
  func defaults() throws {
    #expect(try DaemonSettings(path: "rbotd.toml", text: "") == DaemonSettings())
    let example = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("../../../systemd/rbotd.toml").standardized.path
    #expect(try DaemonSettings(path: example) == DaemonSettings())
  }

  @Test("Settings are read as written")
  func settings() throws {
    let settings = try DaemonSettings(
      path: "rbotd.toml",
      text: """
        [supervisor]
        log_level = "debug"
        shutdown_timeout = "5s"
        [gateway]
        listen = "127.0.0.1:0"
        feed = "replay:a.csv,b.csv@max"
        [feed]
        on_bad_line = "stop"
        [paper]
        balance = "2500.50"
        fee = "0.0002"
        maker_fee = "0.0001"
        latency = "250ms"
        [risk]
        max_hold_min = 90
        margin_closeout = "0.4"
        stale_quote = "30s"
        ttl_min = 5
        max_order_rate = 20
        price_collar = "0.05"
        max_total_exposure = "50000"
        max_daily_loss = 500
        require_quality = true
        [canary]
        max_units = "1000"
        max_daily_loss = "25"
        [logs]
        max_age = "2d"
        max_size = "1GB"
        [metrics]
        keep_10s = "3h"
        keep_1h = "365d"
        """)
    #expect(settings.supervisor.logLevel == .debug && settings.supervisor.shutdownTimeout == .seconds(5))
    #expect(settings.gateway.listen == ListenAddress(host: "127.0.0.1", port: 0))
    #expect(settings.gateway.feed == "replay:a.csv,b.csv@max" && settings.feed.onBadLine == .stop)
    #expect(settings.paper.balance == "2500.50" && settings.paper.fee == "0.0002")
    #expect(settings.paper.makerFee == "0.0001" && settings.paper.latency == .milliseconds(250))
    #expect(settings.risk.maxHoldMinutes == 90 && settings.risk.marginCloseout == "0.4")
    #expect(settings.risk.staleQuote == .seconds(30) && settings.risk.ttlMinutes == 5)
    #expect(settings.risk.maxOrderRate == 20 && settings.risk.maxTotalOrderRate == nil)
    #expect(settings.risk.priceCollar == "0.05" && settings.risk.maxTotalExposure == "50000")
    #expect(settings.risk.maxDailyLoss == "500" && settings.risk.requireQuality)
    #expect(settings.canary.maxUnits == "1000" && settings.canary.maxDailyLoss == "25")
    #expect(settings.logs.maxAge == .seconds(172_800) && settings.logs.maxBytes == 1_000_000_000)
    #expect(settings.metrics.keepTenSeconds == .seconds(10_800))
    #expect(settings.metrics.keepMinutes == .seconds(14 * 86_400))
    #expect(settings.metrics.keepHours == .seconds(365 * 86_400))
  }

  @Test("Mistakes are told together, an unknown table with the one that was meant")
  func mistakes() {
    var found: [String] = []
    do {
      _ = try DaemonSettings(
        path: "r.toml",
        text: """
          [gatway]
          listen = "x"
          [gateway]
          listen = "nowhere"
          feed = "csv"
          [paper]
          currency = "usd"
          fee = "2"
          [risk]
          quality_threshold = 101
          margin_closeout = "2"
          price_collar = "2"
          max_exposure = "0"
          """)
    } catch { found = error.issues.map { "\($0.line ?? 0) \($0.key ?? "")" } }
    #expect(
      found == [
        "1 gatway", "4 gateway.listen", "5 gateway.feed", "7 paper.currency", "8 paper.fee",
        "10 risk.quality_threshold", "11 risk.margin_closeout",
        "12 risk.price_collar", "13 risk.max_exposure",
      ])
  }
}
