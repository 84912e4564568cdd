public import Model

/// What can happen to an order.
public enum OrderChange: Hashable, Sendable, CaseIterable {
  /// The broker took it.
  case accepted
  /// A stop's price was reached.
  case triggered
  case filledInPart
  /// The last unit filled.
  case filled
  case updateRequested
  case updated
  case cancelRequested
  /// The broker refused an update or a cancellation: the order works as before.
  case requestRefused
  case cancelled
  case expired
  /// The broker refused the order.
  case rejected
  /// A reply was lost.
  case replyLost
}

/// The life of an order: every state with everything that can happen in it. Each state's comment at
/// ``Model/OrderState`` lists what it can become.
public enum OrderLife {
  /// The state after `change`; the same state where the change says nothing new; nil where it cannot happen, such
  /// as anything after the end.
  ///
  /// - Parameter isPartlyFilled: whether units filled already: an order that works again after a request or a lost
  ///   reply is then `partiallyFilled`.
  public static func next(
    _ state: OrderState, _ change: OrderChange, isPartlyFilled: Bool = false
  ) -> OrderState? {
    guard !state.isFinal else { return nil }
    let working = isPartlyFilled ? OrderState.partiallyFilled : .accepted
    switch change {
    case .filled: return .filled
    case .cancelled: return .cancelled
    case .expired: return .expired
    case .replyLost: return .unknown
    case .rejected: return state == .submitted || state == .unknown ? .rejected : nil
    case .accepted:
      switch state {
      case .submitted: return .accepted
      case .pendingUpdate, .unknown: return working
      default: return state
      }
    case .triggered:
      switch state {
      case .submitted, .accepted, .unknown: return .triggered
      default: return state
      }
    case .filledInPart: return state == .pendingCancel || state == .pendingUpdate ? state : .partiallyFilled
    case .updateRequested:
      switch state {
      case .pendingCancel, .unknown, .submitted: return nil
      default: return .pendingUpdate
      }
    case .updated:
      switch state {
      case .submitted: return nil
      case .pendingUpdate, .unknown: return working
      default: return state
      }
    case .cancelRequested: return .pendingCancel
    case .requestRefused: return state == .pendingUpdate || state == .pendingCancel ? working : nil
    }
  }
}
