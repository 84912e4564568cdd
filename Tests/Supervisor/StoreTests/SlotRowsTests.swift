import GRDB
import Model
import Synchronization
import Testing

@testable import SupervisorStore

private func slot(
  _ id: SlotID, _ second: Int64, _ outcome: SlotOutcome = .done, _ trigger: SlotTrigger = .cron
)
  -> SlotRecord
{
  let time = Timestamp(nanoseconds: 0).advanced(seconds: second)
  return SlotRecord(
    id: id, name: "grid-bot", second: second, trigger: trigger, outcome: outcome, due: time, decided: time)
}

private let schedule = ScheduleRecord(
  name: "grid-bot", definition: "cron * * * * * UTC", decided: 7, boot: "first")

@Suite("Slots in the database")
struct SlotRowsTests {
  @Test("What is open, the newest row, the newest window and the schedule come back")
  func recall() async throws {
    let folder = Folder()
    let store = try folder.store()
    var window = slot(2, 60, .done, .window)
    window.owesSquareOff = true
    window.reason = "its window closed"
    store.save(slot(1, 0), schedule)
    store.save(window, schedule)
    store.save(slot(3, 120, .running), schedule)
    store.save(slot(4, 180, .queued), schedule)
    await store.close()
    let memory = try folder.store().recall().schedules
    #expect(memory.schedules == ["grid-bot": schedule])
    #expect(memory.open["grid-bot"]?.map(\.id) == [3, 4])
    #expect(memory.newest["grid-bot"]?.id == 4)
    #expect(memory.windows["grid-bot"] == window)
    #expect(memory.lastSlot == 4)
  }

  @Test("A slot is claimed once: a second row of it is left out, and who wants it is told")
  func claims() async throws {
    let folder = Folder()
    let store = try folder.store()
    let answers = Mutex<[Bool]>([])
    store.save(slot(1, 0, .skipped), schedule)
    store.claim(slot(2, 0, .running), schedule) { isTaken in answers.withLock { $0.append(isTaken) } }
    store.claim(slot(3, 60, .running), schedule) { isTaken in answers.withLock { $0.append(isTaken) } }
    // A person's own slot may have the same second.
    store.claim(slot(4, 60, .running, .manual), schedule) { isTaken in answers.withLock { $0.append(isTaken) }
    }
    await store.close()
    #expect(answers.withLock { $0 } == [false, true, true])
    let rows = try await folder.store().slots(of: nil, before: nil, outcome: nil, limit: 10)
    #expect(rows.map(\.id) == [4, 3, 1])
    #expect(rows.last?.outcome == .skipped)
  }

  @Test("The history is asked for by strategy, outcome and page")
  func history() async throws {
    let folder = Folder()
    let store = try folder.store()
    for id in 1...20 {
      store.save(slot(SlotID(id), Int64(id), id % 5 == 0 ? .missed : .done), schedule)
    }
    await store.close()
    let reopened = try folder.store()
    let page = try await reopened.slots(of: "grid-bot", before: 11, outcome: nil, limit: 3)
    #expect(page.map(\.id) == [10, 9, 8])
    let missed = try await reopened.slots(of: nil, before: nil, outcome: .missed, limit: 10)
    #expect(missed.map(\.id) == [20, 15, 10, 5])
    #expect(try await reopened.slots(of: "other", before: nil, outcome: nil, limit: 10).isEmpty)
    #expect(try await reopened.missed(since: Timestamp(nanoseconds: 12_000_000_000)) == ["grid-bot": 2])
  }

  @Test("Old rows go, but for the newest thousand and those that are open")
  func pruning() async throws {
    let folder = Folder()
    let store = try folder.store()
    store.save(slot(1, 1, .running), schedule)
    for id in 2...1_500 { store.save(slot(SlotID(id), Int64(id)), schedule) }
    let written = Atomic(false)
    store.whenSaved { written.store(true, ordering: .relaxed) }
    while !written.load(ordering: .relaxed) { await Task.yield() }
    store.pruneSlots(before: 1_300_000_000_000)
    let rows = try await store.slots(of: nil, before: nil, outcome: nil, limit: 10_000)
    #expect(rows.count == 1_001)
    #expect(rows.last?.outcome == .running)
    await store.close()
  }
}
