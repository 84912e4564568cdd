import Hummingbird
import Model
import Storage

extension Answer {
  /// What the desk refused, with the status that fits.
  init(_ refusal: Refusal) {
    self.init(refusal.status, refusal.reason, refusal.message)
    if refusal.status == .tooManyRequests { retryAfterSeconds = 1 }
  }

  /// The database could not be read.
  init(_ error: StorageError) {
    self.init(.serviceUnavailable, "journal_unreadable", error.message)
  }
}

extension Refusal {
  /// The HTTP status that says it: 422 for guardrails, which are nearly all.
  var status: HTTPResponse.Status {
    switch reason {
    case "unknown_order": .notFound
    case "order_final", "exit_protects_trade", "already_triggered", "client_order_id_reused": .conflict
    case "order_rate": .tooManyRequests
    case "not_ready", "journal_unreadable", "internal": .serviceUnavailable
    default: .unprocessableContent
    }
  }
}
