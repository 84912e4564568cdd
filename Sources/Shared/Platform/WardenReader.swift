import CPlatform
import Glibc

/// Turns a notification into a ``WardenCall``: names, addresses out of the caller's memory, who a signal is for.
struct WardenReader {
  let census: TreeCensus

  func read(_ notification: rbot_notification) -> WardenCall {
    let number = notification.number
    let name = rbot_call_name(number).map { String(cString: $0) } ?? "system call \(number)"
    let arguments = notification.arguments
    func integer(_ value: UInt64) -> Int32 { Int32(truncatingIfNeeded: value) }
    switch rbot_call_kind(number) {
    case RBOT_CALL_CONNECT: return .connect(destination(notification))
    case RBOT_CALL_KILL:
      let pid = integer(arguments.0)
      let detail = "process \(pid), \(Signals.name(integer(arguments.1)))"
      // 0 is the caller's own group, -1 is everybody.
      if pid == 0 { return .signal(call: name, .own, detail: detail) }
      if pid == -1 || pid == .min { return .signal(call: name, .stranger, detail: "every process") }
      let target = pid > 0 ? census.standing(of: pid) : census.standing(ofGroup: -pid)
      return .signal(call: name, target, detail: detail)
    case RBOT_CALL_SIGNAL_PROCESS, RBOT_CALL_SIGNAL_TASK:
      return signal(name, to: integer(arguments.0), integer(arguments.1))
    case RBOT_CALL_SIGNAL_THREAD:
      // The kernel wants the thread to be of that process, so the process tells.
      return signal(name, to: integer(arguments.0), integer(arguments.2))
    case RBOT_CALL_SIGNAL_PIDFD:
      return .signal(call: name, .stranger, detail: "descriptor \(integer(arguments.0))")
    case RBOT_CALL_CLONE:
      if name == "clone", arguments.0 & Self.refusedFlags != 0 {
        return .other(call: name, detail: "new name spaces, or a child of another")
      }
      return .task(call: name)
    case RBOT_CALL_SOCKET:
      return .other(call: name, detail: Self.socket(integer(arguments.0), integer(arguments.1)))
    case RBOT_CALL_SCHEDULE: return schedule(name, integer(arguments.0))
    case RBOT_CALL_PRIORITY: return schedule(name, integer(arguments.1), isOne: integer(arguments.0) == 0)
    case RBOT_CALL_DISK_PRIORITY:
      return schedule(name, integer(arguments.1), isOne: integer(arguments.0) == 1)
    default:
      if let change = change(name, notification) { return change }
      return .other(call: name, detail: Self.detail(name, integer(arguments.0), integer(arguments.1)))
    }
  }

  private func signal(_ name: String, to task: Int32, _ number: Int32) -> WardenCall {
    .signal(
      call: name, task > 0 ? census.standing(of: task) : .nobody,
      detail: "process \(task), \(Signals.name(number))")
  }

  /// - Parameter isOne: false: of a group, or of everybody of a user.
  private func schedule(_ name: String, _ task: Int32, isOne: Bool = true) -> WardenCall {
    guard isOne else { return .schedule(call: name, .stranger, detail: "several processes") }
    // 0 is the caller itself.
    return .schedule(
      call: name, task == 0 ? .own : task > 0 ? census.standing(of: task) : .nobody, detail: "process \(task)"
    )
  }

  /// A signal through a copy of the descriptor that the caller named.
  func signal(through pidfd: Int32, _ notification: rbot_notification) -> WardenCall {
    let name = "pidfd_send_signal"
    let number = Int32(truncatingIfNeeded: notification.arguments.1)
    // Its own siginfo, or flags of kernels to come, are not for us to send.
    guard pidfd >= 0, notification.arguments.2 == 0, notification.arguments.3 & 0xffff_ffff == 0 else {
      return .signal(call: name, .stranger, detail: "of its own making, \(Signals.name(number))")
    }
    let lines = readText("/proc/self/fdinfo/\(pidfd)")?.split(separator: "\n") ?? []
    let pid = lines.first { $0.hasPrefix("Pid:") }.flatMap { Int32($0.dropFirst(4).drop { $0 == "\t" }) }
    return signal(name, to: pid ?? 0, number)
  }

  /// The flags of a clone that rbot-exec reports to have it refused: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER,
  /// NEWPID, NEWNET and, as the child would be ours then, CLONE_PARENT.
  private static let refusedFlags: UInt64 = 0x7e02_8000

  private static func detail(_ call: String, _ first: Int32, _ second: Int32) -> String {
    switch call {
    case "prctl": "option \(first)"
    case "ptrace": "process \(second)"
    case "prlimit64", "process_vm_readv", "process_vm_writev": "process \(first)"
    default: ""
    }
  }

  static func socket(_ family: Int32, _ type: Int32) -> String {
    let families: [Int32: String] = [
      1: "Unix", 2: "IPv4", 10: "IPv6", 16: "netlink", 17: "packet", 38: "crypto", 40: "vsock",
    ]
    let types: [Int32: String] = [1: "stream", 2: "datagram", 3: "raw", 5: "sequence"]
    return "\(families[family] ?? "family \(family)") \(types[type & 0xf] ?? "type \(type & 0xf)")"
  }

  // MARK: - Addresses

  /// What `sockaddr_storage` holds; the kernel takes no longer one.
  private static let addressBytesMax: UInt64 = 128

  private func destination(_ notification: rbot_notification) -> WardenCall.Destination {
    let length = notification.arguments.2 & 0xffff_ffff
    guard length >= 2, length <= Self.addressBytesMax else { return .malformed }
    var bytes = [UInt8](repeating: 0, count: Int(length))
    let count = rbot_read_memory(notification.task, notification.arguments.1, &bytes, bytes.count)
    guard count == bytes.count else { return .unreadable(count < 0 ? errno : EFAULT) }
    return Self.destination(bytes) {
      Self.link("/proc/\(notification.task)/cwd")
    }
  }

  /// Reads a `sockaddr`.
  ///
  /// - Parameter directory: the caller's working directory; asked for a relative path only.
  static func destination(_ bytes: [UInt8], directory: () -> String?) -> WardenCall.Destination {
    guard bytes.count >= 2 else { return .malformed }
    let family = Int(bytes[0]) | Int(bytes[1]) << 8
    if family == Int(AF_INET) || family == Int(AF_INET6) { return .internet(bytes) }
    guard family == Int(AF_UNIX) else { return .family(family) }
    // sun_path has 108 bytes, and needs no end if it is full or the length ends it.
    guard bytes.count > 2, bytes.count <= 110 else { return .malformed }
    if bytes[2] == 0 { return .abstract(printable(bytes[3...])) }
    guard let text = String(validating: bytes[2...].prefix { $0 != 0 }, as: UTF8.self) else {
      return .path(printable(bytes[2...].prefix { $0 != 0 }))
    }
    if text.hasPrefix("/") { return .path(normalised(text)) }
    guard let directory = directory() else { return .unreadable(ENOENT) }
    return .path(normalised(directory + "/" + text))
  }

  /// The path without `.`, `..` and empty parts. By the letters alone: what is connected to in the end is the
  /// configured path, so a symbolic link can make this refuse too much but never allow too much.
  static func normalised(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private static func printable(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes {
      if (32..<127).contains(byte) {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return text
  }
}
