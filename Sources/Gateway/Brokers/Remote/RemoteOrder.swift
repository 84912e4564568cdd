import BrokerInterface
import Model

/// One order at a broker behind a network: what was asked, what is known, and what is to be done next.
struct RemoteOrder: Sendable {
  /// How far the order itself got.
  enum Stage: Hashable, Sendable {
    /// Was never handed out: nobody but this desk knows of it. Can become `sent`.
    case held
    /// Was handed out, in this run or an earlier one, and may or may not have arrived. Can become `known`.
    case sent
    /// The broker has it, or had it.
    case known
  }

  /// What is under way for it; one request at a time, so that answers cannot overtake each other.
  enum Asked: Hashable, Sendable {
    case place
    case cancel
    case modify(WorkingTerms)
    case find
  }

  let order: Order
  let group: LinkedGroup?
  var stage: Stage
  /// The terms that the desk wants.
  var wanted: WorkingTerms
  /// The terms that the broker has, as far as it said; what was sent to it before it says anything.
  var known: WorkingTerms
  /// Whether `known` is more than what the journal wanted before a restart.
  var isConfirmed = true
  /// Whether a change of it was ever sent, in this run or before: one that was lost may arrive late and undo a newer
  /// one, so its last fill is taken from the broker's word for the whole order only.
  var mayDiffer = false
  /// The units that the desk's own book says.
  var deskUnits: Quantity
  var wantsCancel: Bool
  /// Units of the executions that came in.
  var executed: Quantity
  /// Those of them that the desk has read.
  var told: Quantity
  /// How it ended, while executions that came before the end are still to be heard of.
  var end: OrderStatus?
  /// Whether its end is the next thing that the desk reads of it.
  var isEnding = false
  var asked: Asked?
  /// Whether what is known cannot be relied upon: the broker is asked before anything else.
  var isUncertain: Bool
  /// When the next request may leave.
  var nextTry: Timestamp
  /// Until when a request that was lost may still arrive: only later does `absent` mean that it never will.
  var mayArriveUntil: Timestamp

  init(_ order: Order, group: LinkedGroup?, stage: Stage, now: Timestamp) {
    self.order = order
    self.group = group
    self.stage = stage
    wanted = WorkingTerms(price: order.price, limitPrice: order.terms.limitPrice, units: order.units)
    known = wanted
    deskUnits = order.units
    wantsCancel = order.state == .pendingCancel
    executed = order.filledUnits
    told = order.filledUnits
    isUncertain = false
    nextTry = now
    mayArriveUntil = now
  }

  /// Whether somebody else placed it; then it is only watched.
  var isForeign: Bool {
    order.strategy == BrokerRequest.foreignAccount
      && order.clientOrderID.hasPrefix(BrokerRequest.foreignPrefix)
  }

  /// Whether it is not known for sure how it stands.
  var isInDoubt: Bool { isUncertain || end != nil && !isEnding }

  /// What the broker calls it by.
  var key: String { isForeign ? order.clientOrderID : order.id }

  /// The order with the terms that are wanted now.
  var asWanted: Order {
    var order = order
    order.price = wanted.price
    order.units = wanted.units
    if let limit = wanted.limitPrice { order.terms.limitPrice = limit }
    return order
  }
}
