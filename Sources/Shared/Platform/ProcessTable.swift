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
}

/// The system's processes, read from `/proc`.
enum ProcessTable {
  /// The entry of one process, nil when it is gone.
  static func entry(_ pid: Int32) -> ProcessEntry? {
    guard let fields = statFields(readFile("/proc/\(pid)/stat")), fields.count > 19,
      let parent = Int32(fields[1]), let session = Int32(fields[3]), let start = UInt64(fields[19])
    else { return nil }
    return ProcessEntry(
      pid: pid, parent: parent, session: session, startTicks: start,
      isZombie: fields[0] == "Z" || fields[0] == "X")
  }

  /// The fields of a stat line from the state on. The name before it may hold spaces and parentheses, so
  /// everything up to the last `)` is skipped.
  static func statFields(_ line: [UInt8]?) -> [Substring]? {
    guard let line, let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    return String(decoding: line[(end + 1)...], as: UTF8.self).split(whereSeparator: \.isWhitespace)
  }

  /// Every process that can be seen, by pid. What starts or ends meanwhile may or may not be there.
  static func all() -> [Int32: ProcessEntry] {
    var table: [Int32: ProcessEntry] = [:]
    for pid in numbers(in: "/proc") ?? [] { table[pid] = entry(pid) }
    return table
  }

  /// The pids of this process's children, whichever of its threads made or adopted them.
  ///
  /// The kernel may skip one when a sibling ends during the read, so "none" needs a second look.
  static func ownChildren() -> [Int32] {
    (numbers(in: "/proc/self/task") ?? []).flatMap { task in
      (readText("/proc/self/task/\(task)/children") ?? "").split(separator: " ").compactMap { Int32($0) }
    }
  }

  /// The value of a variable in the environment that a process was started with.
  static func environment(of pid: Int32, _ name: String) -> String? {
    guard let bytes = readFile("/proc/\(pid)/environ") else { return nil }
    let prefix = Array("\(name)=".utf8)
    for line in bytes.split(separator: 0) where line.starts(with: prefix) {
      return String(decoding: line.dropFirst(prefix.count), as: UTF8.self)
    }
    return nil
  }

  /// The names in a directory that are numbers; nil where it cannot be read.
  static func numbers(in directory: String) -> [Int32]? {
    guard let stream = opendir(directory) else { return nil }
    defer { closedir(stream) }
    var found: [Int32] = []
    while let item = readdir(stream) {
      let number = withUnsafeBytes(of: item.pointee.d_name) { name -> Int32? in
        Int32(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
      }
      if let number { found.append(number) }
    }
    return found
  }
}
