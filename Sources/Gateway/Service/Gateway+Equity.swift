public import Model
import NIOCore
public import Storage
import Trading
public import TradingStore

/// Whose worth is to be written down, and what was written last.
struct EquityWatch {
  /// Those that something was filled for since.
  var filled: Set<String> = []
  /// Whether a sample for them is on its way.
  var isArmed = false
  var timer: RepeatedTask?
  /// By strategy, what was written last: an account that stands still costs nothing.
  var last: [String: Money] = [:]
}

/// The equity curves: a sample of every account each minute, and one soon after a fill.
extension Gateway {
  private static let minute = TimeAmount.seconds(60)
  /// Fills that come together make one sample of their account.
  private static let linger = TimeAmount.seconds(1)

  func startEquity() {
    equity.timer = loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.minute) { [self] _ in
      self.assumeIsolated { gateway in
        let second = gateway.marketNow.nanoseconds / 1_000_000_000
        gateway.sample(nil, kind: second % 900 < 60 ? .quarterHour : .minute)
      }
    }
  }

  func equityChanged(by fills: [Fill]) {
    for fill in fills { equity.filled.insert(fill.strategy) }
    guard !equity.isArmed else { return }
    equity.isArmed = true
    loop.assumeIsolated().scheduleTask(in: Self.linger) { [self] in
      self.assumeIsolated { gateway in
        gateway.equity.isArmed = false
        let filled = gateway.equity.filled
        gateway.equity.filled = []
        gateway.sample(filled, kind: .fill)
      }
    }
  }

  /// - Parameter names: nil for all.
  private func sample(_ names: Set<String>?, kind: EquitySample.Kind) {
    guard phase == .running, let journal else { return }
    let now = marketNow
    var samples: [EquitySample] = []
    let accounts = names.map { $0.sorted().compactMap { core.account(strategy: $0) } } ?? core.accounts()
    for account in accounts + [core.account(strategy: nil)].compactMap(\.self) {
      let name = account.strategy ?? ""
      guard kind == .quarterHour || equity.last[name] != account.equity else { continue }
      equity.last[name] = account.equity
      samples.append(
        EquitySample(
          strategy: account.strategy, kind: kind, time: now, equity: account.equity, balance: account.balance)
      )
    }
    guard !samples.isEmpty else { return }
    var entry = JournalEntry()
    entry.equity = samples
    outbox.appendCommitting { _ in }
    journal.submit(entry)
  }

  /// The curve of a strategy's account, or of all together; see ``TradingStore/TradingStore/equity(of:since:until:step:limit:)``.
  public nonisolated func equity(
    of strategy: String?, since: Timestamp, until: Timestamp, step: Int64, limit: Int
  ) async throws(StorageError) -> [EquitySample] {
    try await question { (store) throws(StorageError) in
      try store.equity(of: strategy, since: since, until: until, step: step, limit: limit)
    }
  }

  /// Whether an account of that name is known.
  public nonisolated func hasAccount(_ strategy: String) async -> Bool {
    let found: Result<Bool, Refusal> = await onDesk { gateway, answer in
      answer(.success(gateway.core.account(strategy: strategy) != nil))
    }
    return (try? found.get()) ?? false
  }

  /// The currency of all accounts, and the market's time.
  public nonisolated func clockAndCurrency() async -> (now: Timestamp, currency: String)? {
    let found: Result<(Timestamp, String), Refusal> = await onDesk { gateway, answer in
      answer(.success((gateway.marketNow, gateway.core.settings.currency)))
    }
    return (try? found.get()).map { (now: $0.0, currency: $0.1) }
  }
}
