import Glibc

/// What this process may do beyond an ordinary user.
public enum Capability: Int, Sendable, CaseIterable {
  case changeOwner = 0
  case kill = 5
  case setGroup = 6
  case setUser = 7
  case traceOthers = 19

  /// Those that are in effect now: all for root, those that the service manager left to a service.
  public static func inEffect() -> Set<Capability> {
    let line = readText("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
    let mask = line.flatMap { UInt64($0.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16) } ?? 0
    return Set(allCases.filter { mask >> UInt64($0.rawValue) & 1 == 1 })
  }
}

/// The user ids that the system's own list knows.
public func knownUsers() -> Set<UInt32> {
  Set(
    (readText("/etc/passwd") ?? "").split(separator: "\n").compactMap { line in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      return fields.count > 2 ? UInt32(fields[2]) : nil
    })
}
