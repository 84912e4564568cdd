import Model
import Testing

@testable import SupervisorStore

/// Readers who fell behind, or who want more than is read at once.
@Suite("Reading on in the log")
struct LogReadingTests {
  private static func block(_ ids: ClosedRange<Int64>, _ source: String) -> LogBlock {
    var open = OpenLogBlock(source: source)
    for id in ids {
      let entry = LogEntry(
        id: id, time: Timestamp(nanoseconds: id), source: source, run: 1, stream: .stdout, severity: .info,
        message: "line \(id)")
      entry.withLine { open.append($0, floor: ids.lowerBound) }
    }
    guard let block = open.close() else { fatalError("no lines") }
    return block
  }

  private static func beginning(
    of count: Int, _ filter: LogFilter, before: Int64, in store: SupervisorStore
  ) throws -> LogBeginning {
    var search = LogBeginning(of: count, filter, before: before)
    while !search.isFound { try search.step(in: store) }
    return search
  }

  @Test("What was deleted before it was read is counted, and not what was still found")
  func counted() {
    let losses = LogLosses()
    losses.add([Self.block(1...100, "a"), Self.block(101...150, "b"), Self.block(151...200, "a")])
    var filter = LogFilter()
    #expect(losses.count(filter, after: 0, upTo: 200, except: []) == 200)
    #expect(losses.count(filter, after: 0, upTo: 200, except: [150]) == 150)
    #expect(losses.count(filter, after: 40, upTo: 150, except: []) == 110)
    #expect(losses.count(filter, after: 200, upTo: 900, except: []) == 0)
    filter.sources = ["a"]
    #expect(losses.count(filter, after: 40, upTo: 200, except: []) == 110)
    filter.streams = [.stderr]
    #expect(losses.count(filter, after: 0, upTo: 200, except: []) == 0)
    losses.remove([100])
    #expect(losses.count(LogFilter(), after: 0, upTo: 200, except: []) == 100)
  }

  @Test("However many blocks are deleted, few are remembered and no line is forgotten")
  func bounded() {
    let losses = LogLosses()
    let count = Int64(LogLosses.blocksMax * 3)
    for number in 0..<count {
      losses.add([Self.block(number * 2 + 1...number * 2 + 2, number % 3 == 0 ? "a" : "b")])
    }
    #expect(losses.count(LogFilter(), after: 0, upTo: .max - 1, except: []) == Int(count) * 2)
    #expect(losses.known <= LogLosses.blocksMax)
  }

  @Test("A reader on his way through a log that is being deleted hears of every line, or that it is gone")
  func overtaken() async throws {
    let folder = Folder()
    let store = try folder.store(.init(age: .seconds(1 << 40), bytes: 100_000))
    var after: Int64 = 0
    var heard = 0
    var gone = 0
    var last: Int64 = 0
    for _ in 0..<400 {
      store.append(Self.block(last + 1...last + 100, "loud"))
      last += 100
      guard last % 20_000 == 0 else { continue }
      while store.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
      let page = try store.logs(LogFilter(), after: after, upTo: last, open: [])
      heard += page.entries.count
      gone += page.gone
      after = page.reached
    }
    #expect(after == last && gone > 0)
    #expect(heard + gone == Int(last))
    await store.close()
  }

  @Test(
    "Where the last so many lines begin is found across pages", arguments: [1, 10_000, 25_000, 80_000])
  func beginning(_ count: Int) async throws {
    let folder = Folder()
    let store = try folder.store()
    for number in Int64(0)..<60 {
      store.append(Self.block(number * 1_000 + 1...number * 1_000 + 1_000, number % 2 == 0 ? "a" : "b"))
    }
    while store.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
    var filter = LogFilter()
    let all = try Self.beginning(of: count, filter, before: 60_001, in: store)
    #expect(all.after == max(0, 60_000 - Int64(count)) && all.page.stoppedBefore == nil)
    filter.sources = ["b"]
    let own = try Self.beginning(of: count, filter, before: 60_001, in: store)
    var read = 0
    var after = own.after
    while after < 60_000 {
      let page = try store.logs(filter, after: after, upTo: 60_000, open: [])
      read += page.entries.count
      after = page.reached
    }
    #expect(read == min(count, 30_000))
    await store.close()
  }

  @Test("A search for the beginning says after each page how far it has come")
  func impatient() async throws {
    let folder = Folder()
    let store = try folder.store()
    for number in Int64(0)..<40 { store.append(Self.block(number * 1_000 + 1...number * 1_000 + 1_000, "a")) }
    while store.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
    var search = LogBeginning(of: 40_000, LogFilter(), before: 40_001)
    try search.step(in: store)
    #expect(!search.isFound && search.page.stoppedBefore == 30_001 && search.after == 30_000)
    await store.close()
  }

  @Test("A block that was closed while it was being asked about counts once")
  func onceOnly() async throws {
    let folder = Folder()
    let store = try folder.store()
    store.append(Self.block(1...30, "a"))
    let page = try store.logs(LogFilter(), after: 0, upTo: 20, open: [Self.block(1...20, "a")])
    #expect(page.entries.map(\.id) == Array(1...20))
    var query = LogQuery()
    query.limit = 25
    #expect(try store.logs(query, open: [Self.block(1...20, "a")]).entries.map(\.id) == Array(6...30))
    await store.close()
  }
}
