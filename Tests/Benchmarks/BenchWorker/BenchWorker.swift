import StrategyKit

/// The worker that `make bench` measures with. `params.job` says what it does; it reports one JSON line in its log,
/// which the benchmark reads.
///
/// - `orders`: market orders one after the other; the time from asking to the reply with the fill.
/// - `quotes`: counts quotes until the replay ends.
/// - `logs`, `metrics`: as many messages as the supervisor takes.
@main
final class BenchWorker: Strategy {
  private var job = ""
  private var count = 0
  private var quotes = 0
  private var lastSequence: Int64 = 0
  private var gaps = 0
  private var firstQuote: ContinuousClock.Instant?
  private var isDone = false

  override func onStart() async throws {
    job = params.string("job", "idle")
    count = params.int("count", 1_000)
    switch job {
    case "orders", "quotes": try await subscribe(["EUR_USD"])
    case "logs", "metrics": Task { await self.talk() }
    default: break
    }
  }

  override func onQuote(_ quote: Quote) async throws {
    switch job {
    case "quotes": tally(quote)
    case "orders" where !isDone:
      isDone = true
      try await trade(quote)
    default: break
    }
  }

  private func tally(_ quote: Quote) {
    if firstQuote == nil { firstQuote = .now } else if quote.sequence != lastSequence + 1 { gaps += 1 }
    lastSequence = quote.sequence
    quotes += 1
  }

  override func onFeed(_ state: String) async throws {
    guard state == "ended", job == "quotes", let firstQuote else { return }
    let seconds = Self.seconds(.now - firstQuote)
    report(#""job":"quotes","quotes":\#(quotes),"gaps":\#(gaps),"seconds":\#(seconds)"#)
  }

  /// Opens and closes in turn, so that neither positions nor exits pile up.
  private func trade(_ quote: Quote) async throws {
    var microseconds: [Double] = []
    let percent = Amount.step(decimals: 2)
    let stop = quote.bid - percent
    let target = quote.ask + percent
    for round in 0..<(count + 100) {
      let start = ContinuousClock.now
      let order = try await buy("EUR_USD", units: 1000, stopLoss: stop, takeProfit: target)
      let elapsed = Self.seconds(.now - start) * 1e6
      guard order.state == .filled else { throw Refusal("not_filled", "a market order is \(order.state)") }
      // The first hundred warm caches and prepared statements.
      if round >= 100 { microseconds.append(elapsed) }
      try await close("EUR_USD")
    }
    microseconds.sort()
    let at = { (share: Double) in
      microseconds[min(microseconds.count - 1, Int(Double(microseconds.count) * share))]
    }
    report(
      #""job":"orders","orders":\#(count),"p50_us":\#(at(0.5)),"p90_us":\#(at(0.9)),"p99_us":\#(at(0.99)),"#
        + #""max_us":\#(at(1))"#)
  }

  private func talk() async {
    let start = ContinuousClock.now
    for index in 0..<count {
      if job == "logs" {
        log(.info, "message number \(index) of a strategy that says a lot")
      } else {
        metric("bench", Double(index))
      }
      // The kit buffers one mebibyte and then drops: waiting in between turns the supervisor's pace into ours.
      if index % 2_000 == 1_999 { await flush() }
    }
    await flush()
    let seconds = Self.seconds(.now - start)
    report(#""job":"\#(job)","messages":\#(count),"seconds":\#(seconds)"#)
  }

  private func report(_ fields: String) { log(.info, "{\"bench\":true,\(fields)}") }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }
}
