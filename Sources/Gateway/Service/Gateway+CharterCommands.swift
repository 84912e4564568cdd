import Accounts
import Model
import NIOCore
public import Trading
public import Wire

/// The mode and the kill switch over the control socket: who may use that socket owns the daemon, and is asked for the
/// PIN only where orders become real or the kill switch is released.
extension Gateway {
  /// Answers one of `mode`, `mode.set`, `kill`, `kill.engage`, `kill.release` and `risk`.
  ///
  /// - Returns: Whether it was one of them.
  func commandCharter(_ method: String, _ params: JSON, _ responder: Responder) throws(RPCError) -> Bool {
    switch method {
    case "mode", "kill":
      let view = charterView
      perform(ChangeSet()) { _ in responder.succeed { $0.value(view.json) } }
    case "risk":
      let report = core.riskReport(now: marketNow)
      perform(ChangeSet()) { _ in responder.succeed { $0.value(report.json) } }
    case "kill.engage":
      let person = Person(name: try params.string("by"))
      let reason = try params.optionalString("reason")
      let answer = NIOLoopBound(responder, eventLoop: loop)
      engageKillSwitch(by: person, reason: reason) { report in
        answer.value.succeed { $0.value(["kill_switch": report.json]) }
      }
    case "kill.release":
      let person = Person(name: try params.string("by"))
      let (reason, pin) = (try params.optionalString("reason"), try params.optionalString("pin"))
      answerLater(responder) { gateway in
        try await gateway.releaseKillSwitch(by: person, reason: reason, pin: pin).map {
          ["kill_switch": $0.json]
        }
      }
    case "mode.set":
      let person = Person(name: try params.string("by"))
      let mode: TradingMode = try params.word("mode")
      let (reason, pin) = (try params.optionalString("reason"), try params.optionalString("pin"))
      answerLater(responder) { gateway in
        try await gateway.switchMode(to: mode, by: person, reason: reason, pin: pin, needsPIN: false)
          .map { $0.json }
      }
    default: return false
    }
    return true
  }

  private func answerLater(
    _ responder: Responder, _ ask: @escaping @Sendable (Gateway) async throws -> Result<JSON, Refusal>
  ) {
    let answer = NIOLoopBound(responder, eventLoop: loop)
    let loop = loop
    Task {
      let result: Result<JSON, RPCError>
      do {
        result = try await ask(self).mapError { .refused($0) }
      } catch let refusal as AccountRefusal {
        result = .failure(.refused(refusal.reason.rawValue, refusal.message))
      } catch {
        result = .failure(.internalError("\(error)"))
      }
      loop.execute {
        switch result {
        case .success(let json): answer.value.succeed { $0.value(json) }
        case .failure(let error): answer.value.fail(error)
        }
      }
    }
  }
}

extension Gateway.CharterView {
  /// As the control protocol and HTTP write it.
  public var json: JSON {
    [
      "mode": .string(charter.mode.rawValue), "mode_max": .string(ceiling.rawValue),
      "since": JSON(charter.modeSince.map { "\($0)" }), "by": JSON(charter.modeBy),
      "execution_enabled": .bool(isExecutionEnabled), "kill_switch": kill.json,
    ]
  }
}

extension ModeSwitch {
  /// As the control protocol and HTTP write it.
  public var json: JSON {
    ["mode": .string(to.rawValue), "from": .string(from.rawValue), "cancelled": .int(cancelled)]
  }
}

extension KillReport {
  /// As the control protocol and HTTP write it.
  public var json: JSON {
    guard let kill else { return ["state": "released"] }
    return [
      "state": .string(kill.flat == nil ? "flattening" : "flat"), "engaged": .string("\(kill.engaged)"),
      "by": .string(kill.by), "reason": JSON(kill.reason), "cancelled": .int(kill.cancelled),
      "closed": .int(kill.closed), "time_to_flat_ms": kill.timeToFlatMilliseconds.map { .int($0) } ?? .null,
      "left": .array(
        left.map {
          [
            "strategy": .string($0.strategy), "instrument": .string($0.instrument),
            "units": JSON(amount: $0.units),
          ]
        }),
      "waits_for": JSON(waitsFor),
    ]
  }
}

extension RiskReport {
  /// As the control protocol and HTTP write it.
  public var json: JSON {
    [
      "mode": .string(mode.rawValue), "currency": .string(currency), "total": .array(total.map(\.json)),
      "accounts": .array(
        accounts.map {
          [
            "strategy": .string($0.strategy), "mode": JSON($0.mode?.rawValue), "paused": .bool($0.paused),
            "limits": .array($0.uses.map(\.json)),
          ]
        }),
      "orders": [
        "quality_threshold": .int(rules.qualityThreshold), "require_quality": .bool(rules.requiresQuality),
        "price_collar": JSON(amount: rules.priceCollar),
        "stale_quote_s": rules.staleQuoteSeconds.map { .int($0) } ?? .null,
        "large_order": JSON(amount: rules.largeOrder), "ttl_s": .int(rules.timeToLiveSeconds),
      ],
    ]
  }
}

extension JSON {
  /// Its digits, or null where there is none.
  fileprivate init(amount: Amount?) { self = amount.map { .number($0.description) } ?? .null }
}

extension LimitUse {
  fileprivate var json: JSON {
    ["name": .string(name), "limit": JSON(amount: limit), "used": JSON(amount: used)]
  }
}
