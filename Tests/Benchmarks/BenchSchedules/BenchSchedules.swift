import Glibc
import Model
import Platform
import Schedule

/// What `make bench` measures of schedules, on the code that rbotd runs.
///
/// Standard input holds lines of an expression, a zone and a start in seconds since 1970, with tabs between. Each is
/// parsed and asked for its next firings (the first argument says how many); then as many schedules as the second
/// argument says are armed: compiled, given a slot book, and put in order of their first wake-up.
@main
enum BenchSchedules {
  struct Line {
    let expression: String
    let zone: ZoneRules
    let start: Int64
  }

  static func main() {
    let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    guard arguments.count == 2 else { return print("usage: bench-schedules FIRINGS SCHEDULES < LINES") }
    let lines = readLines()
    guard !lines.isEmpty else { return print("no lines") }
    // Once for the caches, as a process that lives on has them warm.
    _ = firings(of: lines, count: arguments[0])
    let (found, took) = timed { firings(of: lines, count: arguments[0]) }
    print("firings \(found.count) checksum \(found.checksum) ns \(took)")
    let (first, armed) = timed { arm(arguments[1], lines) }
    print("armed \(arguments[1]) first \(first) ns \(armed)")
  }

  private static func readLines() -> [Line] {
    var zones: [String: ZoneRules] = [:]
    var lines: [Line] = []
    while let text = readLine() {
      let parts = text.split(separator: "\t").map(String.init)
      guard parts.count == 3, let start = Int64(parts[2]) else { continue }
      if zones[parts[1]] == nil {
        zones[parts[1]] = ZoneDirectory.read(parts[1]).flatMap { try? ZoneRules(tzif: $0) }
      }
      if let zone = zones[parts[1]] { lines.append(Line(expression: parts[0], zone: zone, start: start)) }
    }
    return lines
  }

  private static func firings(of lines: [Line], count: Int) -> (count: Int, checksum: Int64) {
    var found = 0
    var checksum: Int64 = 0
    for line in lines {
      guard let cron = try? CronExpression(line.expression) else { continue }
      var after = line.start
      for _ in 0..<count {
        guard let firing = cron.next(after: after, in: line.zone) else { break }
        after = firing.second
        checksum &+= firing.second
        found += 1
      }
    }
    return (found, checksum)
  }

  /// The first wake-up of all.
  private static func arm(_ count: Int, _ lines: [Line]) -> Int64 {
    var ids: SlotID = 0
    var wakes: [(at: Int64, name: String)] = []
    wakes.reserveCapacity(count)
    for index in 0..<count {
      let line = lines[index % lines.count]
      guard let cron = try? CronExpression(line.expression) else { continue }
      let name = "s\(index)"
      var book = SlotBook(name: name, timetable: Timetable(.cron(cron), zone: line.zone))
      let now = Timestamp(nanoseconds: 0).advanced(seconds: line.start)
      _ = book.handle(.began(SlotPast(), boot: "bench"), now: now, ids: &ids)
      if let wake = book.nextWake { wakes.append((at: wake.nanoseconds, name: name)) }
    }
    wakes.sort { ($0.at, $0.name) < ($1.at, $1.name) }
    return wakes.first?.at ?? 0
  }

  private static func timed<Value>(_ body: () -> Value) -> (Value, UInt64) {
    let begin = processorTime
    let value = body()
    return (value, processorTime - begin)
  }

  /// Not the wall's: others on the machine count for nothing.
  private static var processorTime: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
