import Feeds
import IPC
import Model
import NIOCore
import Trading
import TradingStore
import Wire

/// Playing the feed.
extension Gateway {
  /// Quotes in one turn of the event loop, so that others are served between.
  private static let quotesPerTurn = 512
  /// Steps that may wait for the journal before the feed waits too.
  private static let outboxMax = 4_096

  func startFeed() {
    guard feed.state == .held, phase == .running else { return }
    feed.start(now: WallClock.now) { [self] in
      loop.execute { self.assumeIsolated { $0.pump() } }
    }
    health.update { $0.feed = .live }
    for session in sessions.values where session.worker != nil { tellFeedState(session) }
    log(
      .info,
      "The feed \(spec) plays\(feed.position.sequence > 0 ? " on after quote \(feed.position.sequence)" : "")."
    )
    pump()
  }

  func tellFeedState(_ session: WorkerSession) {
    guard feed.state == .live || feed.state == .ended else { return }
    session.connection.send(notification: "feed", ["state": .string(feed.state.rawValue)])
  }

  /// Plays what is due, as far as the subscribers that are owed every quote allow, and shows HTTP the last of it.
  func pump() {
    play()
    showLatest()
  }

  /// Once for many quotes: a recording at full speed would otherwise be slowed down by what nobody can see.
  private func showLatest() {
    guard feed.position.sequence > shownQuote else { return }
    quotes.publish(core.quotes(after: shownQuote)) { Self.broker(of: $0) }
    shownQuote = feed.position.sequence
  }

  /// Which broker an instrument is quoted by, as this build has them: `BTC-USD` is Coinbase's kind of name.
  public static func broker(of instrument: String) -> String {
    instrument.contains("-") ? "coinbase" : "oanda"
  }

  private func play() {
    feed.timer?.cancel()
    feed.timer = nil
    guard feed.state == .live, phase == .running else { return }
    var budget = Self.quotesPerTurn
    let now = WallClock.now
    while budget > 0 {
      guard outbox.count < (spec.isLockstep && !barrier.isEmpty ? 1 : Self.outboxMax) else { return }
      if spec.isLockstep, barrier.credit <= 0 { return }
      guard let step = feed.player?.next(now: now) else { return }
      switch step {
      case .quote(let quote):
        take(quote)
        budget -= 1
      case .due(let time):
        noteBadLines()
        wait(nanoseconds: max(0, time.nanoseconds - now.nanoseconds))
        return
      case .nothingYet:
        noteBadLines()
        return
      case .ended:
        endFeed()
        return
      case .failed(let error):
        // A restart would meet the same line again: the feed ends here, as at its last line.
        log(.error, "The feed stops: \(error.message)")
        endFeed()
        return
      }
    }
    noteBadLines()
    schedulePump()
  }

  private func wait(nanoseconds: Int64) {
    feed.timer = loop.assumeIsolated().scheduleTask(in: .nanoseconds(nanoseconds)) {
      self.assumeIsolated { $0.pump() }
    }
  }

  func schedulePump() {
    guard !feed.isPumpScheduled else { return }
    feed.isPumpScheduled = true
    loop.assumeIsolated().execute {
      self.assumeIsolated {
        $0.feed.isPumpScheduled = false
        $0.pump()
      }
    }
  }

  /// One quote: what it causes first, then the quote itself.
  private func take(_ quote: Quote) {
    let second = quote.time.nanoseconds / 1_000_000_000
    if second != feed.lastSecond {
      feed.lastSecond = second
      let changes = core.advance(to: quote.time)
      if !changes.isEmpty { perform(changes) { _ in } }
    }
    let changes = core.quote(quote)
    feed.position.sequence = quote.sequence
    feed.position.time = quote.time
    progress += 1
    var completed: [Candle] = []
    candles.add(quote, completed: &completed)
    if !completed.isEmpty { keep(completed) }
    let managed = completed.map { core.candle($0) }.filter { !$0.isEmpty }
    // What is sent is owed at once, or the next quote would overtake it while this one waits for the journal.
    if spec.isLockstep {
      for session in subscribers[quote.instrument] ?? [] where session.subscription.isLockstep {
        barrier.sent(quote.sequence, to: session.id)
      }
    }
    let last = managed.isEmpty ? changes : ChangeSet()
    if !managed.isEmpty {
      for changes in [changes] + managed where !changes.isEmpty { perform(changes) { _ in } }
    }
    if last.isEmpty, outbox.isEmpty {
      show(quote, completed)
    } else {
      perform(last) { [self] _ in show(quote, completed) }
    }
  }

  private func noteBadLines() {
    guard let bad = feed.player?.takeBadLines(), bad.count > 0 else { return }
    for line in bad.first { log(.warning, "Skipped \(line).") }
    if bad.count > bad.first.count { log(.warning, "Skipped \(bad.count - bad.first.count) more bad lines.") }
  }

  private func endFeed() {
    noteBadLines()
    feed.state = .ended
    feed.position.hasEnded = true
    let changes = feed.closesAtEnd ? core.feedEnded(now: marketNow) : ChangeSet()
    let event = NewEvent(
      source: "arena", type: "feed_ended",
      payload: "{\"quotes\":\(feed.position.sequence),\"bad_lines\":\(feed.player?.badLineCount ?? 0)}",
      time: marketNow)
    perform(changes, events: [event]) { [self] _ in
      health.update { $0.feed = .ended }
      for session in sessions.values where session.worker != nil { tellFeedState(session) }
      log(.info, "The feed has ended after quote \(feed.position.sequence).")
    }
  }

  /// Writes how far the feed is, when there are quotes that the journal does not know of.
  func savePosition() {
    guard feed.position.sequence != feed.savedSequence, let position = feed.takeUnsaved() else { return }
    outbox.appendCommitting { _ in }
    journal?.submit(JournalEntry(feed: position))
  }

  // MARK: - Lockstep

  /// Applies the orders of a round when everybody has decided, and then plays on.
  func advanceLockstep() {
    if spec.isLockstep {
      let round = barrier.takeRound()
      for collected in round {
        guard let session = sessions[collected.session] else { continue }
        handle(collected.frame, collected.id, session)
      }
    }
    pump()
  }
}

/// A request that waits for its round.
struct CollectedRequest {
  let session: Int
  let id: RequestID
  let frame: Frame
}
