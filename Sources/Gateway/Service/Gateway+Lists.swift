public import Model
import NIOCore
public import Storage
import Trading
public import TradingStore
import Wire

/// The journal's lists for HTTP; from any thread.
extension Gateway {
  /// Orders, newest first.
  public nonisolated func orders(
    _ filter: ListFilter, before: Int64?, limit: Int
  ) async throws(StorageError) -> ListPage<Order> {
    try await question { (store) throws(StorageError) in
      try store.orders(filter, before: before, limit: limit)
    }
  }

  /// Fills, newest first.
  public nonisolated func fills(
    _ filter: ListFilter, before: Int64?, limit: Int
  ) async throws(StorageError) -> ListPage<Fill> {
    try await question { (store) throws(StorageError) in
      try store.fills(filter, before: before, limit: limit)
    }
  }

  /// Events, newest first.
  public nonisolated func events(
    _ filter: ListFilter, before: Int64?, limit: Int
  ) async throws(StorageError) -> ListPage<StoredEvent> {
    try await question { (store) throws(StorageError) in
      try store.events(filter, before: before, limit: limit)
    }
  }

  /// Every state that an order was in, oldest first.
  public nonisolated func history(ofOrder number: Int64) async throws(StorageError) -> [OrderHistoryLine] {
    try await question { (store) throws(StorageError) in try store.history(ofOrder: number) }
  }

  /// Adds what a person says to the events; durable when this returns.
  ///
  /// - Returns: The event's sequence number.
  public nonisolated func comment(_ text: String, by person: String) async -> Result<Int64, Refusal> {
    let payload: JSON = ["text": .string(text), "by": .string(person)]
    return await onDesk { gateway, answer in
      var writer = JSONWriter(ByteBuffer())
      writer.value(payload)
      let event = NewEvent(
        source: "narration", type: "comment", payload: String(buffer: writer.buffer), time: gateway.marketNow)
      gateway.perform(ChangeSet(), events: [event]) { stored in
        answer(
          stored.first.map { .success($0.sequence) }
            ?? .failure(Refusal("journal", "the comment was not written")))
      }
    }
  }
}
