import Accounts
import Feeds
public import Model
import NIOCore
public import Trading
import Wire

/// The gateway's mode and its kill switch, as a person sets them: over HTTP, or over the control socket.
extension Gateway {
  /// Who asks for something, and from where.
  public struct Person: Sendable {
    /// As the audit log names him: `user:trader@local`, `local:0`.
    public let name: String
    /// An address; empty for this machine's own.
    public let origin: String

    public init(name: String, origin: String = "") {
      self.name = name
      self.origin = origin
    }
  }

  /// The mode, what it can be at most, and the kill switch.
  public struct CharterView: Sendable {
    public let charter: Charter
    public let kill: KillReport
    public let ceiling: TradingMode
    public let isExecutionEnabled: Bool
  }

  /// What holds.
  public nonisolated func charter() async -> Result<CharterView, Refusal> {
    await onDesk { gateway, answer in
      let view = gateway.charterView
      gateway.perform(ChangeSet()) { _ in answer(.success(view)) }
    }
  }

  /// Every limit with what is used of it.
  public nonisolated func risk() async -> Result<RiskReport, Refusal> {
    await onDesk { gateway, answer in
      let report = gateway.core.riskReport(now: gateway.marketNow)
      gateway.perform(ChangeSet()) { _ in answer(.success(report)) }
    }
  }

  /// Switches the mode; durable and in the audit log when it returns.
  ///
  /// - Parameters:
  ///   - pin: asked for where orders become real, and always with `needsPIN`.
  /// - Throws: ``Accounts/AccountRefusal`` for the PIN.
  public nonisolated func switchMode(
    to mode: TradingMode, by person: Person, reason: String? = nil, pin: String?, needsPIN: Bool
  ) async throws -> Result<ModeSwitch, Refusal> {
    if needsPIN || mode > .paper {
      // What cannot be is said before anybody types a PIN.
      if let refusal = try await refusal(of: mode).get() {
        await audit("mode_switched", person, mode.rawValue, refusal.message, outcome: refusal.reason)
        return .failure(refusal)
      }
      try await accounts.checkPIN(pin, by: person.name, from: person.origin)
    }
    let result: Result<ModeSwitch, Refusal> = await onDesk { gateway, answer in
      let outcome = gateway.core.setMode(mode, by: person.name, now: gateway.marketNow)
      gateway.showCharter()
      gateway.perform(outcome.changes) { _ in answer(outcome.result) }
    }
    guard case .success(let done) = result else { return result }
    await audit(
      "mode_switched", person, "\(done.from.rawValue) → \(done.to.rawValue)",
      Self.detail(reason, done.cancelled > 0 ? "\(done.cancelled) working entries cancelled" : nil))
    await say(.warning, "The mode is \(done.to.rawValue) now, it was \(done.from.rawValue) (\(person.name)).")
    return result
  }

  private nonisolated func refusal(of mode: TradingMode) async -> Result<Refusal?, Refusal> {
    await onDesk { gateway, answer in answer(.success(gateway.core.refusal(of: mode))) }
  }

  /// Engages the kill switch; what could be done at once is durable when it returns. Its row in the audit log follows:
  /// nothing waits for that.
  public nonisolated func engageKillSwitch(
    by person: Person, reason: String?
  ) async -> Result<KillReport, Refusal> {
    await onDesk { gateway, answer in
      gateway.engageKillSwitch(by: person, reason: reason) { answer(.success($0)) }
    }
  }

  func engageKillSwitch(
    by person: Person, reason: String?, then answer: @escaping @Sendable (KillReport) -> Void
  ) {
    let reason = reason.map { String($0.prefix(200)) }
    let (report, changes) = core.engageKillSwitch(by: person.name, reason: reason, now: marketNow)
    showCharter()
    perform(changes) { [self] _ in
      answer(report)
      let kill = report.kill
      log(
        .critical,
        "The kill switch is engaged (\(person.name)): \(kill?.cancelled ?? 0) orders cancelled, "
          + "\(kill?.closed ?? 0) positions closed, \(report.left.count) left.")
      Task {
        await audit(
          "kill_switch", person, "engaged",
          Self.detail(
            reason, "\(kill?.cancelled ?? 0) orders cancelled, \(kill?.closed ?? 0) positions closed"))
      }
    }
  }

  /// Releases the kill switch; durable and in the audit log when it returns.
  ///
  /// - Throws: ``Accounts/AccountRefusal`` for the PIN.
  public nonisolated func releaseKillSwitch(
    by person: Person, reason: String?, pin: String?
  ) async throws -> Result<KillReport, Refusal> {
    try await accounts.checkPIN(pin, by: person.name, from: person.origin)
    let reason = reason.map { String($0.prefix(200)) }
    let result: Result<KillReport, Refusal> = await onDesk { gateway, answer in
      let (report, changes) = gateway.core.releaseKillSwitch(
        by: person.name, reason: reason, now: gateway.marketNow)
      gateway.showCharter()
      gateway.perform(changes) { _ in answer(.success(report)) }
    }
    if case .success = result {
      await audit("kill_switch", person, "released", Self.detail(reason, nil))
      await say(.warning, "The kill switch is released (\(person.name)).")
    }
    return result
  }

  private func say(_ level: LogLevel, _ message: String) { log(level, message) }

  private static func detail(_ parts: String?...) -> String {
    parts.compactMap { $0 }.joined(separator: "; ")
  }

  private nonisolated func audit(
    _ action: String, _ person: Person, _ subject: String, _ detail: String, outcome: String = "ok"
  ) async {
    await write([
      AuditEntry(
        time: WallClock.now, actor: person.name, origin: person.origin, action: action, subject: subject,
        detail: detail, outcome: outcome)
    ])
  }

  /// A row that cannot be written must not undo what was done; it is said in the log instead.
  private nonisolated func write(_ entries: [AuditEntry]) async {
    do {
      try await accounts.record(entries)
    } catch {
      await say(.error, "The audit log cannot be written: \(error.message)")
    }
  }

  var charterView: CharterView {
    CharterView(
      charter: core.charter, kill: core.killReport, ceiling: core.modeCeiling,
      isExecutionEnabled: core.settings.execution.isEnabled)
  }

  /// Tells those who ask from other threads.
  func showCharter() {
    let charter = core.charter
    health.update {
      $0.mode = charter.mode
      $0.killSwitch = charter.killState
    }
  }

  /// Makes what the journal says of the mode fit this start, and shows it.
  func openCharter() {
    let before = core.charter.mode
    let changes = core.reviewMode(now: marketNow)
    if before != core.charter.mode {
      log(
        .warning,
        "The mode was \(before.rawValue) and is \(core.charter.mode.rawValue) now: real orders are not enabled at this "
          + "start. Set it again when they are.")
    }
    if core.charter.kill != nil {
      log(.warning, "The kill switch is engaged: no entry is admitted until a person releases it.")
    }
    showCharter()
    perform(changes) { _ in }
  }

  // MARK: - What guardrails did

  /// Has the audit log told of orders that a guardrail kept from the market, and of large ones.
  func auditOrders(_ events: [DeskEvent]) {
    var entries: [AuditEntry] = []
    let now = WallClock.now
    for event in events {
      switch event.type {
      case .orderRejected, .orderCancelled:
        guard case .string(let reason)? = event["reason"], let guardrail = Guardrail(rawValue: reason),
          event.type == .orderRejected || Guardrail.atFill.contains(guardrail)
        else { continue }
        var message = "a working entry was cancelled when it was reached"
        if case .string(let said)? = event["message"] { message = said }
        if let entry = refusalAudit.take(
          account: event.strategy, reason: reason, message: message,
          refused: event.type == .orderRejected
            ? core.refusals(strategy: event.strategy, reason: reason) : nil,
          now: now)
        {
          entries.append(entry)
        }
      case .largeOrder: entries.append(Self.largeOrder(event, now))
      case .killSwitch: showCharter()
      default: break
      }
    }
    scheduleAudit()
    guard !entries.isEmpty else { return }
    Task { await write(entries) }
  }

  private static func largeOrder(_ event: DeskEvent, _ now: Timestamp) -> AuditEntry {
    func text(_ key: String) -> String {
      switch event[key] {
      case .string(let text): text
      case .number(let amount): amount.description
      case .int(let value): String(value)
      default: ""
      }
    }
    return AuditEntry(
      time: now, actor: text("by").isEmpty ? "account:\(event.strategy)" : text("by"), action: "large_order",
      subject: event.strategy,
      detail:
        "\(text("order_id")): \(text("side")) \(text("units")) \(text("instrument")), worth \(text("notional")) "
        + "\(text("currency")), \(text("mode"))")
  }

  private func scheduleAudit() {
    guard refusalAudit.isActive, !isAuditScheduled, phase == .running else { return }
    isAuditScheduled = true
    loop.assumeIsolated().scheduleTask(in: .seconds(1)) {
      self.assumeIsolated { gateway in
        gateway.isAuditScheduled = false
        let entries = gateway.takeDueAudit()
        gateway.scheduleAudit()
        if !entries.isEmpty { Task { await gateway.write(entries) } }
      }
    }
  }

  /// What was counted and is not written yet, before the end.
  func takeLastAudit() -> [AuditEntry] { takeDueAudit(all: true) }

  private func takeDueAudit(all: Bool = false) -> [AuditEntry] {
    let core = core
    return refusalAudit.takeDue(at: WallClock.now, all: all) { core.refusals(strategy: $0, reason: $1) }
  }
}

extension Charter {
  /// `released`, `flattening` or `flat`.
  public var killState: String { kill.map { $0.flat == nil ? "flattening" : "flat" } ?? "released" }
}
