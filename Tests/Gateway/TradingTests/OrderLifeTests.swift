import Model
import Testing
import Trading

@Suite struct OrderLifeTests {
  /// What each state's comment in Model says that it can become.
  static let targets: [OrderState: Set<OrderState>] = [
    .submitted: Set(OrderState.allCases),
    .accepted: Set(OrderState.allCases).subtracting([.submitted, .rejected]),
    .triggered: Set(OrderState.allCases).subtracting([.submitted, .accepted, .rejected]),
    .partiallyFilled: Set(OrderState.allCases).subtracting([.submitted, .accepted, .triggered, .rejected]),
    .pendingUpdate: Set(OrderState.allCases).subtracting([.submitted, .rejected]),
    .pendingCancel: Set(OrderState.allCases).subtracting([.submitted, .pendingUpdate, .rejected]),
    .unknown: Set(OrderState.allCases).subtracting([.submitted, .pendingUpdate]),
  ]

  @Test(arguments: OrderState.allCases, OrderChange.allCases)
  func `every state answers every change as its comment says`(state: OrderState, change: OrderChange) {
    for isPartlyFilled in [false, true] {
      let next = OrderLife.next(state, change, isPartlyFilled: isPartlyFilled)
      guard let next, next != state else { continue }
      #expect(Self.targets[state]?.contains(next) == true, "\(state) \(change) \(next)")
    }
  }

  @Test(arguments: [OrderState.filled, .cancelled, .expired, .rejected])
  func `nothing happens after the end`(state: OrderState) {
    for change in OrderChange.allCases { #expect(OrderLife.next(state, change) == nil) }
  }

  @Test func `a lost reply is resolved by asking`() {
    #expect(OrderLife.next(.submitted, .replyLost) == .unknown)
    #expect(OrderLife.next(.unknown, .cancelRequested) == .pendingCancel, "a wish that outlives a restart")
    #expect(OrderLife.next(.unknown, .updateRequested) == nil)
    #expect(OrderLife.next(.unknown, .accepted) == .accepted)
    #expect(OrderLife.next(.unknown, .accepted, isPartlyFilled: true) == .partiallyFilled)
    #expect(OrderLife.next(.unknown, .filled) == .filled)
    #expect(OrderLife.next(.unknown, .rejected) == .rejected)
  }

  @Test func `a refused request leaves the order working`() {
    #expect(OrderLife.next(.accepted, .cancelRequested) == .pendingCancel)
    #expect(OrderLife.next(.pendingCancel, .filledInPart) == .pendingCancel)
    #expect(OrderLife.next(.pendingCancel, .requestRefused, isPartlyFilled: true) == .partiallyFilled)
    #expect(OrderLife.next(.pendingUpdate, .updated) == .accepted)
    #expect(OrderLife.next(.accepted, .rejected) == nil)
  }
}
