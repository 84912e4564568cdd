import Platform
import Testing

@testable import Runtime

@Suite struct Holdings {
  @Test("A disk that is nearly full is told once, and once more when there is clearly room again")
  func room() {
    var watch = DiskRoomWatch()
    func look(_ room: DiskRoom) -> DiskRoomWatch.Change? { watch.look(room) }
    let size: UInt64 = 10_000_000_000
    #expect(DiskRoomWatch.little(of: size) == 500_000_000)
    #expect(DiskRoomWatch.little(of: 1 << 42) == 1 << 30, "a large one is not full at 200 GB")
    #expect(look(DiskRoom(size: size, free: 500_000_000)) == nil)
    let low = DiskRoom(size: size, free: 499_999_999)
    #expect(look(low) == .becameLow)
    let said = watch.explain(low, folder: "/var/lib/rbotd", largest: (name: "grid", bytes: 7_250_000_000))
    #expect(said.hasPrefix("only 499 MB of 10 GB are free on the disk of /var/lib/rbotd; of the strategies"))
    #expect(said.contains("grid holds most, 7.25 GB in its state folder"))
    #expect(watch.warnings == [said])
    #expect(look(DiskRoom(size: size, free: 600_000_000)) == nil, "at the edge nothing is told")
    #expect(look(DiskRoom(size: size, free: 750_000_000)) == .isBack)
    #expect(watch.warnings.isEmpty)
  }

  @Test("Bytes are told as manifests write them")
  func words() {
    let cases: [(UInt64, String)] = [
      (0, "0 bytes"), (999, "999 bytes"), (1_000, "1 kB"), (4_000_000, "4 MB"), (116_948_000, "116 MB"),
      (1_950_000_000, "1.95 GB"), (1_050_000_000, "1.05 GB"), (19_540_000_000, "19.5 GB"),
    ]
    for (bytes, text) in cases { #expect(ByteWords.of(bytes) == text) }
  }

  @Test("A tree near its limit is looked at often, one that takes long to look at less so")
  func memory() {
    var watch = MemoryWatch()
    let process = SampleSubject.ProcessIdentity(pid: 7, startTicks: 1)
    func isSuspect(_ resident: Int, limit: UInt64?) -> Bool {
      watch.isSuspect("one", process, resident: resident, limit: limit)
    }
    #expect(!isSuspect(50, limit: 100))
    #expect(watch.near.isEmpty)
    #expect(!isSuspect(51, limit: 100))
    #expect(watch.near.keys.sorted() == ["one"])
    #expect(isSuspect(101, limit: 100))
    #expect(watch.mayLook("one", now: 0))
    watch.looked("one", took: 30, now: 1_000)
    #expect(!watch.mayLook("one", now: 1_599) && watch.mayLook("one", now: 1_600))
    #expect(!isSuspect(1 << 40, limit: nil))
    #expect(watch.near.isEmpty, "one without a limit is nobody's business")
  }
}
