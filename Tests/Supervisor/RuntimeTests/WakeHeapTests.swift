import Model
import Testing

@testable import Runtime

@Suite("The next wake-up of all schedules")
struct WakeHeapTests {
  private func at(_ second: Int64) -> Timestamp { Timestamp(nanoseconds: second * 1_000_000_000) }

  @Test("The earliest comes first, whatever was set before")
  func order() {
    var heap = WakeHeap()
    for index in 0..<1_000 { heap.set("s\(index)", at(Int64(index * 7_919 % 1_000))) }
    // Set again, earlier and later; and taken away.
    for index in 0..<1_000 where index % 3 == 0 { heap.set("s\(index)", at(Int64(index * 31 % 1_000))) }
    for index in 0..<1_000 where index % 5 == 0 { heap.set("s\(index)", nil) }
    #expect(heap.count == 800)
    var last = at(0)
    var found: Set<String> = []
    while let first = heap.first(), let name = heap.take(until: first) {
      #expect(first >= last)
      last = first
      found.insert(name)
    }
    #expect(found.count == 800)
    #expect(heap.first() == nil)
  }

  @Test("Nothing is taken before its time, and a time that is set again and again takes no room")
  func bounds() {
    var heap = WakeHeap()
    heap.set("a", at(10))
    #expect(heap.take(until: at(9)) == nil)
    for second in 0..<10_000 { heap.set("a", at(Int64(second + 10))) }
    #expect(heap.take(until: at(10_008)) == nil)
    #expect(heap.take(until: at(10_009)) == "a")
    #expect(heap.take(until: at(20_000)) == nil)
  }
}
