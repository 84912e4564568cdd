import Feeds
import Foundation
import IPC
import Model
import NIOCore
import Storage
import Trading
import TradingStore
import Wire

/// What workers ask.
extension Gateway {
  private static let candlesMax = 5_000
  private static let listMax = 10_000
  /// Trades that positions are shown with; beyond it a message could not hold them.
  private static let positionTradesMax = 2_000

  /// Answers a request of a worker that has said hello.
  func handle(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) {
    do throws(RPCError) {
      if frame.methodIs("order.place") { return try place(frame, id, session) }
      if try changeSeveral(frame, id, session) { return }
      let params = frame.params()
      switch frame.method {
      case "order.cancel": try cancel(params, id, session)
      case "order.modify": try modify(params, id, session)
      case "position.close": try closePosition(params, id, session)
      case "quotes.subscribe":
        change(session, id) { [self] () throws(RPCError) in try subscribe(params, session) }
      case "quotes.unsubscribe":
        change(session, id) { [self] () throws(RPCError) in try unsubscribe(params, session) }
      case "candles": try listCandles(params, id, session)
      case "quote.latest": try latestQuote(params, id, session)
      case "orders": try listOrders(params, session.strategy, to: responder(session, id))
      case "fills": try listFills(params, session.strategy, to: responder(session, id))
      case "positions": listPositions(session.strategy, to: responder(session, id))
      case "account": account(id, session)
      case "hello": throw .invalidRequest("hello was said already")
      default: throw .unknownMethod(frame.method)
      }
    } catch {
      refuse(session, id, error)
    }
  }

  /// Changes what a worker sees, in its place among what it is told: behind the quotes that it is owed already.
  private func change(
    _ session: WorkerSession, _ id: RequestID, _ body: @escaping () throws(RPCError) -> JSON
  ) {
    perform(ChangeSet()) { [self] _ in
      do throws(RPCError) {
        let result = try body()
        responder(session, id).succeed { $0.value(result) }
        if feed.state == .ended { tellFeedState(session) }
      } catch {
        responder(session, id).fail(error)
      }
    }
  }

  // MARK: - Orders

  private func place(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let intent = try frame.withBody { (body) throws(RPCError) in try OrderIntent(params: body) }
    let outcome = core.place(intent, by: session.trader, now: marketNow)
    conclude(outcome, id, session) { writer, placement, decimals in
      writer.key("order")
      writer.value(placement.order, priceDecimals: decimals(placement.order.instrument))
      writer.field("duplicate", placement.isDuplicate)
    }
  }

  private func cancel(_ params: JSON, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let outcome = core.cancel(orderID: try params.string("order_id"), by: session.trader, now: marketNow)
    conclude(outcome, id, session) { writer, order, decimals in
      writer.key("order")
      writer.value(order, priceDecimals: decimals(order.instrument))
    }
  }

  private func modify(_ params: JSON, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let outcome = core.modify(
      orderID: try params.string("order_id"), price: try params.optionalAmount("price"),
      limitPrice: try params.optionalAmount("limit_price"),
      stopLoss: try params.optionalAmount("stop_loss"), takeProfit: try params.optionalAmount("take_profit"),
      units: try params.optionalAmount("units"), by: session.trader, now: marketNow)
    conclude(outcome, id, session) { writer, order, decimals in
      writer.key("order")
      writer.value(order, priceDecimals: decimals(order.instrument))
    }
  }

  private func closePosition(_ params: JSON, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let outcome = core.close(
      instrument: try params.string("instrument"), units: try params.optionalAmount("units"),
      clientOrderID: try params.optionalString("client_order_id"), by: session.trader, now: marketNow)
    conclude(outcome, id, session) { writer, order, decimals in
      writer.key("order")
      if let order { writer.value(order, priceDecimals: decimals(order.instrument)) } else { writer.null() }
    }
  }

  /// Commits what a request changed, and answers it when that is durable.
  func conclude<Value: Sendable>(
    _ outcome: Outcome<Value>, _ id: RequestID, _ session: WorkerSession,
    _ write: @escaping (inout JSONWriter, Value, (String) -> Int) -> Void
  ) {
    perform(outcome.changes) { [self] _ in
      session.openRequests -= 1
      switch outcome.result {
      case .failure(let refusal): session.connection.reply(to: id, error: .refused(refusal))
      case .success(let value):
        let decimals = feed.decimals
        session.connection.send { buffer in
          buffer.writeResponse(id) { writer in
            writer.beginObject()
            write(&writer, value) { decimals[$0] ?? 0 }
            writer.endObject()
          }
        }
      }
    }
  }

  // MARK: - Questions

  private func listCandles(_ params: JSON, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let instrument = try params.string("instrument")
    let granularity: Granularity = try params.word("granularity")
    let count = try params.optionalInt("count") ?? 100
    guard (1...Self.candlesMax).contains(count) else {
      throw .invalidParams("count must be between 1 and \(Self.candlesMax)")
    }
    guard let decimals = feed.decimals[instrument] else {
      throw .refused("unknown_instrument", "the feed has no \(instrument)")
    }
    let found = candles.candles(instrument, granularity, count: count)
    answer(session, id) { writer in
      writer.beginObject()
      writer.field("instrument", instrument)
      writer.field("granularity", granularity.rawValue)
      writer.array("candles", found) { $0.value($1, priceDecimals: decimals) }
      writer.endObject()
    }
  }

  private func latestQuote(_ params: JSON, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let instrument = try params.string("instrument")
    guard let decimals = feed.decimals[instrument] else {
      throw .refused("unknown_instrument", "the feed has no \(instrument)")
    }
    guard let quote = core.latestQuote(instrument) else {
      throw .refused("no_quote", "there has been no quote of \(instrument) yet")
    }
    answer(session, id) { $0.value(quote, priceDecimals: decimals) }
  }

  private func account(_ id: RequestID, _ session: WorkerSession) {
    guard let account = core.account(strategy: session.strategy) else {
      return refuse(session, id, .refused("unknown_strategy", "\(session.strategy) has no account"))
    }
    answer(session, id) { writer in
      writer.beginObject()
      writer.key("account")
      writer.value(account)
      writer.endObject()
    }
  }

  // MARK: - Lists, for workers and the supervisor

  func listPositions(_ strategy: String?, to responder: Responder) {
    let positions = core.positions(strategy: strategy)
    let decimals = feed.decimals
    let hasTrades = positions.reduce(0) { $0 + $1.trades.count } <= Self.positionTradesMax
    responder.succeed { writer in
      writer.beginObject()
      _ = writer.page("positions", positions, limit: .max) {
        $0.value($1, decimals: decimals[$1.instrument] ?? 0, hasTrades: hasTrades)
      }
      writer.endObject()
    }
  }

  func listOrders(_ params: JSON, _ strategy: String?, to responder: Responder) throws(RPCError) {
    let state = try params.optionalString("state") ?? "open"
    guard state == "open" || state == "all" else { throw .invalidParams("state must be open or all") }
    let limit = try limit(params)
    let before = try params.optionalInt("before").map(Int64.init)
    let decimals = feed.decimals
    // One more than is shown tells whether there are more.
    ask(responder) { (store) throws(StorageError) in
      try store.orders(strategy: strategy, openOnly: state == "open", before: before, limit: limit + 1)
    } write: { writer, orders in
      let last = writer.page("orders", orders, limit: limit) {
        $0.value($1, priceDecimals: decimals[$1.instrument] ?? 0)
      }
      if let last { writer.field("before", last.number) }
    }
  }

  func listFills(_ params: JSON, _ strategy: String?, to responder: Responder) throws(RPCError) {
    let limit = try limit(params)
    let before = try params.optionalInt("before").map(Int64.init)
    let decimals = feed.decimals
    ask(responder) { (store) throws(StorageError) in
      try store.fills(strategy: strategy, before: before, limit: limit + 1)
    } write: { writer, fills in
      let last = writer.page("fills", fills, limit: limit) {
        $0.value($1, priceDecimals: decimals[$1.instrument] ?? 0)
      }
      if let last { writer.field("before", last.id) }
    }
  }

  func listEvents(_ params: JSON, to responder: Responder) throws(RPCError) {
    let limit = try limit(params, 1_000)
    let last = store.lastEventSequence
    let after = try params.optionalInt("after").map(Int64.init) ?? max(0, last - Int64(limit))
    ask(responder) { (store) throws(StorageError) in
      try store.events(after: after, limit: limit + 1)
    } write: { writer, events in
      _ = writer.page("events", events, limit: limit) { $0.value($1) }
      writer.field("last", last)
    }
  }

  private func limit(_ params: JSON, _ standard: Int = 100) throws(RPCError) -> Int {
    let limit = try params.optionalInt("limit") ?? standard
    guard (1...Self.listMax).contains(limit) else {
      throw .invalidParams("limit must be between 1 and \(Self.listMax)")
    }
    return limit
  }

  /// Asks the store on its own queue, once everything that came before is durable.
  private func ask<Value: Sendable>(
    _ responder: Responder, _ question: @escaping @Sendable (TradingStore) throws(StorageError) -> Value,
    write: @escaping @Sendable (inout JSONWriter, Value) -> Void
  ) {
    let store = store
    let questions = questions
    let loop = loop
    perform(ChangeSet()) { _ in
      let answered = NIOLoopBound(responder, eventLoop: loop)
      questions.async {
        let result = Result { () throws(StorageError) in try question(store) }
        loop.execute {
          switch result {
          case .success(let value):
            answered.value.succeed { writer in
              writer.beginObject()
              write(&writer, value)
              writer.endObject()
            }
          case .failure(let error): answered.value.fail(.internalError(error.message))
          }
        }
      }
    }
  }

  /// Events after a sequence number as HTTP sends them; from any thread.
  public nonisolated func storedEvents(after sequence: Int64, limit: Int) async throws -> [StreamedEvent] {
    let store = store
    let questions = questions
    return try await withCheckedThrowingContinuation { continuation in
      questions.async {
        continuation.resume(
          with: Result { try store.events(after: sequence, limit: limit).map(StreamedEvent.init) })
      }
    }
  }

  // MARK: - Answers

  private func responder(_ session: WorkerSession, _ id: RequestID) -> Responder {
    Responder(connection: session.connection, id: id, session: session)
  }

  /// Answers in the order of what happened.
  private func answer(_ session: WorkerSession, _ id: RequestID, _ body: @escaping (inout JSONWriter) -> Void)
  {
    perform(ChangeSet()) { [self] _ in responder(session, id).succeed(body) }
  }

  private func refuse(_ session: WorkerSession, _ id: RequestID, _ error: RPCError) {
    perform(ChangeSet()) { [self] _ in responder(session, id).fail(error) }
  }
}

/// Answers one request, of a worker or of the supervisor.
struct Responder {
  let connection: Connection
  let id: RequestID
  /// Whose open requests it counts among.
  var session: WorkerSession?

  func succeed(_ body: (inout JSONWriter) -> Void) {
    session?.openRequests -= 1
    connection.send { $0.writeResponse(id, result: body) }
  }

  func fail(_ error: RPCError) {
    session?.openRequests -= 1
    connection.reply(to: id, error: error)
  }
}
