import Glibc
import Model
import Testing

@testable import SupervisorStore

/// Not a measurement (`make bench` does that): only that the batches work at all under load and nothing is lost.
@Suite("The store under load")
struct StoreLoadTests {
  @Test("Two hundred thousand records are all in the file")
  func load() async throws {
    var template = Array("/tmp/rbotd-store-XXXXXX".utf8CString)
    let folder = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    let path = folder + "/supervisor.sqlite"
    defer {
      for file in [path, path + "-wal", path + "-shm"] { unlink(file) }
      rmdir(folder)
    }
    let store = try SupervisorStore(path: path) { _ in }
    let clock = ContinuousClock()
    let start = clock.now
    let time = Timestamp(nanoseconds: 1)
    var block = OpenLogBlock(source: "momentum-sniper")
    for id in 1...100_000 {
      // A sender that is faster than the disk is held here, as a socket would hold it.
      while store.pending > 20_000 { usleep(1_000) }
      LogEntry(
        id: Int64(id), time: time, source: "momentum-sniper", run: 1, stream: .log, severity: .info,
        message: "signal 0.8123 above threshold, entering", fieldsJSON: #"{"instrument":"EUR_USD"}"#
      ).withLine { block.append($0, floor: 1) }
      if block.isFull, let full = block.close() { store.append(full) }
      store.append([
        MetricRow(
          series: SeriesKey(
            source: "momentum-sniper", origin: .strategy, name: "signal", labelsJSON: #"{"side":"buy"}"#),
          bucket: MetricBucket(time: Int64(id) * 10, value: Double(id)))
      ])
    }
    if let last = block.close() { store.append(last) }
    await store.close()
    print("stored \(store.written) records in \(clock.now - start)")
    #expect(store.written == 200_000)
    #expect(store.lost == 0)
  }
}
