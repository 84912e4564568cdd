import CPlatform
import Glibc

/// One line of the system's process table.
struct ProcessEntry: Equatable, Sendable {
  var pid: Int32
  var parent: Int32
  var session: Int32
  /// Clock ticks since boot.
  var startTicks: UInt64
  /// Ended, waiting to be reaped.
  var isZombie: Bool
  /// The process group.
  var group: Int32 = 0
  var threads = 1
}

/// The system's processes, read from `/proc`.
enum ProcessTable {
  /// The entry of one process, nil when it is gone.
  static func entry(_ pid: Int32) -> ProcessEntry? {
    guard let line = StatLine(pid: pid) else { return nil }
    return ProcessEntry(
      pid: pid, parent: Int32(truncatingIfNeeded: line[1]), session: Int32(truncatingIfNeeded: line[3]),
      startTicks: line[19], isZombie: line.isZombie, group: Int32(truncatingIfNeeded: line[2]),
      threads: Int(line[17]))
  }

  /// Every process that can be seen, by pid. What starts or ends meanwhile may or may not be there.
  static func all() -> [Int32: ProcessEntry] {
    var table: [Int32: ProcessEntry] = [:]
    for pid in numbers(in: "/proc") ?? [] { table[pid] = entry(pid) }
    return table
  }

  /// The children of a process, whichever of its threads made or adopted them.
  ///
  /// The kernel may skip one when a sibling ends during the read, so "none" needs a second look.
  static func children(of pid: Int32) -> [Int32] {
    guard hasChildrenLists else { return all().values.filter { $0.parent == pid }.map(\.pid) }
    return (numbers(in: "/proc/\(pid)/task") ?? []).flatMap { task in
      (readFile("/proc/\(pid)/task/\(task)/children") ?? []).split(separator: UInt8(ascii: " "))
        .map { Int32(truncatingIfNeeded: decimal($0)) }
    }
  }

  /// The children of this process and all that descends from them, the branches of `except` left out.
  static func descendants(except: Set<Int32>) -> [Int32: ProcessEntry] {
    descendants(of: children(of: getpid()), where: { !except.contains($0.pid) }, visit: { _ in })
  }

  /// Those of the roots that are wanted, and all that descends from them. Each is visited before its own children
  /// are read: one that is stopped then makes no more of them.
  static func descendants(
    of roots: [Int32], where isWanted: (ProcessEntry) -> Bool, visit: (ProcessEntry) -> Void
  ) -> [Int32: ProcessEntry] {
    var table: [Int32: ProcessEntry] = [:]
    var pending: [Int32] = []
    func take(_ entry: ProcessEntry) {
      table[entry.pid] = entry
      if entry.isZombie { return }
      visit(entry)
      pending += children(of: entry.pid)
    }
    for pid in roots {
      if let entry = entry(pid), isWanted(entry) { take(entry) }
    }
    while let pid = pending.popLast() {
      if table[pid] == nil, let entry = entry(pid) { take(entry) }
    }
    return table
  }

  /// The pids of what descends from a process, at most `limit`; none where the kernel lists no children, because
  /// then the whole table would have to be read.
  static func listedDescendants(of pid: Int32, limit: Int) -> [Int32] {
    guard hasChildrenLists else { return [] }
    var found: [Int32] = []
    var pending = children(of: pid)
    while let next = pending.popLast(), found.count < limit {
      found.append(next)
      pending += children(of: next)
    }
    return found
  }

  /// The value of a variable in the environment that a process was started with.
  static func environment(of pid: Int32, _ name: String) -> String? {
    guard let bytes = readFile("/proc/\(pid)/environ") else { return nil }
    let start = rbot_find_variable(bytes, bytes.count, name)
    return start < 0 ? nil : String(decoding: bytes[start...].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The process of a thread.
  static func process(of task: Int32) -> Int32? {
    readText("/proc/\(task)/status")?.split(separator: "\n").first { $0.hasPrefix("Tgid:") }
      .flatMap { Int32($0.dropFirst(5).drop { $0 == "\t" }) }
  }

  /// Whether a process is on its way out, and so has given up its memory and its environment with it.
  static func isEnding(_ pid: Int32) -> Bool { StatLine(pid: pid)?.isEnding ?? true }

  /// The names in a directory that are numbers; nil where it cannot be read.
  static func numbers(in directory: String) -> [Int32]? {
    guard let stream = opendir(directory) else { return nil }
    defer { closedir(stream) }
    var found: [Int32] = []
    while let item = readdir(stream) {
      let number = withUnsafeBytes(of: &item.pointee.d_name) { name -> Int32? in
        let digits = name.prefix { (48...57).contains($0) }
        guard !digits.isEmpty, name[digits.endIndex] == 0 else { return nil }
        return Int32(truncatingIfNeeded: decimal(digits))
      }
      if let number { found.append(number) }
    }
    return found
  }

  /// Kernels may be built without the lists of children; then the whole table has to do.
  private static let hasChildrenLists = access("/proc/self/task/\(getpid())/children", R_OK) == 0
}

/// A line of `/proc/PID/stat`: the state and the numbers after the name. Field 0 is the state, 1 the parent's pid.
struct StatLine {
  private var line = rbot_stat()

  init?(pid: Int32) {
    guard rbot_read_stat(pid, &line) else { return nil }
  }

  init?(_ bytes: [UInt8]) {
    let isRead = bytes.withUnsafeBytes { buffer in
      buffer.baseAddress.map {
        rbot_parse_stat($0.assumingMemoryBound(to: CChar.self), buffer.count, &line)
      } ?? false
    }
    guard isRead else { return nil }
  }

  /// A field that is a number, 1 to 22; a negative one, which none of ours can be, reads as 0.
  subscript(index: Int) -> UInt64 {
    withUnsafeBytes(of: line.fields) { $0.load(fromByteOffset: (index - 1) * 8, as: UInt64.self) }
  }

  /// Ended, or about to vanish.
  var isZombie: Bool { line.state == CChar(UInt8(ascii: "Z")) || line.state == CChar(UInt8(ascii: "X")) }
  /// Inside of its exit, or past it: the kernel\'s PF_EXITING.
  var isEnding: Bool { isZombie || self[6] & 4 != 0 }
}

/// The number that the leading digits make, 0 where there are none.
private func decimal(_ bytes: some Sequence<UInt8>) -> UInt64 {
  var number: UInt64 = 0
  for byte in bytes {
    guard (48...57).contains(byte) else { break }
    number = number &* 10 &+ UInt64(byte - 48)
  }
  return number
}
