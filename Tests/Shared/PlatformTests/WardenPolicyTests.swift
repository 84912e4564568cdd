import Glibc
import Testing

@testable import Platform

@Suite struct WardenPolicies {
  private func policy(network: Bool = false, tasksMax: Int? = nil) -> WardenPolicy {
    let sandbox = Sandbox(allowsNetwork: network, tasksMax: tasksMax, countsTasks: tasksMax != nil)
    return WardenPolicy(sandbox, sockets: ["/run/g.sock": "/var/run/g.sock"], now: 0)
  }

  private func verdict(_ call: WardenCall, network: Bool = false) -> WardenPolicy.Verdict {
    var policy = policy(network: network)
    return policy.decide(call, now: 0).verdict
  }

  @Test("A connect goes to a configured path, by our own copy of it, or nowhere")
  func connects() {
    #expect(verdict(.connect(.path("/run/g.sock"))) == .connect("/var/run/g.sock"))
    #expect(verdict(.connect(.path("/run/g.sock2"))) == .refuse(EACCES))
    #expect(verdict(.connect(.abstract("x"))) == .refuse(EACCES))
    #expect(verdict(.connect(.internet([2, 0, 0, 80]))) == .refuse(EACCES))
    #expect(verdict(.connect(.internet([2, 0, 0, 80])), network: true) == .reach([2, 0, 0, 80]))
    #expect(verdict(.connect(.path("/x")), network: true) == .refuse(EACCES))
    #expect(verdict(.connect(.family(16)), network: true) == .refuse(EACCES))
    #expect(verdict(.connect(.malformed)) == .refuse(EINVAL))
    #expect(verdict(.connect(.unreadable(EFAULT))) == .refuse(EFAULT))
    #expect(verdict(.connect(.unreadable(EPERM))) == .refuse(EACCES))
  }

  @Test("What every program's C library asks for is refused without a word")
  func quiet() {
    var policy = policy()
    let decision = policy.decide(.connect(.path("/var/run/nscd/socket")), now: 0)
    #expect(decision == .init(verdict: .refuse(ENOENT), told: nil))
  }

  @Test("Signals stay in the tree, and all that is never allowed is refused and told")
  func others() {
    #expect(verdict(.signal(call: "kill", .own, detail: "")) == .proceed)
    #expect(verdict(.signal(call: "kill", .stranger, detail: "")) == .refuse(EPERM))
    #expect(verdict(.signal(call: "kill", .nobody, detail: "")) == .refuse(ESRCH))
    #expect(verdict(.other(call: "socket", detail: "")) == .refuse(EACCES))
    #expect(verdict(.other(call: "mount", detail: "")) == .refuse(EPERM))
    #expect(verdict(.task(call: "clone")) == .proceed)
    var policy = policy()
    let told = policy.decide(.other(call: "mount", detail: "a\nb"), now: 0).told
    #expect(told?.detail == "a\\u{a}b")
  }

  @Test("How a process is scheduled is decided in its own tree")
  func scheduling() {
    #expect(verdict(.schedule(call: "setpriority", .own, detail: "")) == .proceed)
    #expect(verdict(.schedule(call: "setpriority", .stranger, detail: "")) == .refuse(EPERM))
    #expect(verdict(.schedule(call: "setpriority", .nobody, detail: "")) == .refuse(ESRCH))
  }

  @Test("A file's mode and times are changed by us, where the worker may write, and nowhere else")
  func changes() {
    var policy = WardenPolicy(
      Sandbox(writable: ["/home/state/one", "/dev/null"], sockets: []), sockets: [:], now: 0)
    func decide(_ path: String, _ change: FileChange.Change = .mode(0o644)) -> WardenPolicy.Decision {
      policy.decide(.change(FileChange(call: "chmod", path: path, follows: true, change: change)), now: 0)
    }
    let own = FileChange(call: "chmod", path: "/home/state/one/a/b", follows: true, change: .times([]))
    #expect(
      policy.decide(.change(own), now: 0)
        == .init(verdict: .change(own, folder: "/home/state/one", path: "a/b"), told: nil))
    for path in ["/home/state/one", "/home/state/ones/a", "/home/state/two/a", "/dev/null", "/", ""] {
      #expect(
        decide(path) == .init(verdict: .refuse(EPERM), told: .init(call: "chmod", detail: path)))
    }
    #expect(decide("/home/state/one/a", .mode(0o4755)).verdict == .refuse(EPERM))
    #expect(decide("/home/state/one/a", .mode(0o2755)).verdict == .refuse(EPERM))
  }

  @Test("A tree is answered so many times at once, then so many times a second")
  func pace() {
    var policy = policy()
    for _ in 0..<WardenPolicy.burst { #expect(policy.pause(now: 10) == nil) }
    #expect(policy.pause(now: 10) == 15)
    #expect(policy.pause(now: 14) != nil)
    #expect(policy.pause(now: 15) == nil)
    var answered = 0
    for now in UInt64(1_000)..<2_000 { while policy.pause(now: now) == nil { answered += 1 } }
    #expect(answered <= WardenPolicy.burst + WardenPolicy.perSecond)
  }

  @Test("The tasks stay within their bound, and are counted no more often than that may cost")
  func tasks() {
    var ledger = TaskLedger(max: 10)
    for _ in 0..<9 {
      #expect(!ledger.wantsCount(now: 0))
      #expect(ledger.admit(now: 0) == true)
    }
    #expect(ledger.wantsCount(now: 1))
    #expect(ledger.admit(now: 1) == false)
    // Five of the ten have ended, but the nine that were admitted just now may not have appeared yet.
    ledger.counted(own: 5, unclaimed: 0, took: 4, now: 2)
    #expect(ledger.admit(now: 2) == false)
    #expect(!ledger.wantsCount(now: 41) && ledger.wantsCount(now: 42))
    ledger.counted(own: 5, unclaimed: 0, took: 4, now: 100)
    for _ in 0..<5 { #expect(ledger.admit(now: 100) == true) }
    #expect(ledger.admit(now: 100) == false)
  }

  @Test("Those who hide count against whoever may have made them, and not against others")
  func unclaimed() {
    var innocent = TaskLedger(max: 10)
    #expect(innocent.admit(now: 0) == true)
    innocent.counted(own: 2, unclaimed: 500, took: 1, now: 1_000)
    #expect(innocent.admit(now: 1_000) == true)
    var guilty = TaskLedger(max: 10)
    for _ in 0..<9 { _ = guilty.admit(now: 0) }
    guilty.counted(own: 1, unclaimed: 9, took: 1, now: 1_000)
    #expect(guilty.admit(now: 1_000) == false)
  }
}

@Suite struct RefusalTallies {
  private let mount = RefusalTally.Kind(call: "mount", detail: "")

  @Test("The first is told at once, those alike a second later with their number")
  func alike() {
    var tally = RefusalTally(now: 0)
    tally.add(mount, now: 0)
    #expect(tally.take(now: 0) == [SandboxRefusal(call: "mount", detail: "", count: 1)])
    for now in UInt64(1)..<500 { tally.add(mount, now: now) }
    #expect(tally.take(now: 999) == [])
    #expect(tally.nextDue() == 1_000)
    #expect(tally.take(now: 1_000) == [SandboxRefusal(call: "mount", detail: "", count: 499)])
    #expect(tally.nextDue() == nil)
  }

  @Test("However many kinds there are, a burst is told, then one sum every ten seconds, and none is lost")
  func bounded() {
    var tally = RefusalTally(now: 0)
    var lines = 0
    var counted = 0
    for now in stride(from: UInt64(0), to: 60_000, by: 20) {
      tally.add(.init(call: "connect", detail: "/\(now)"), now: now)
      let taken = tally.take(now: now)
      lines += taken.count
      counted += taken.reduce(0) { $0 + $1.count }
    }
    #expect(lines <= RefusalTally.burst + 6, "a minute of it")
    let rest = tally.takeAll()
    #expect(rest.last?.call == "other calls")
    #expect(counted + rest.reduce(0) { $0 + $1.count } == 3_000)
    #expect(tally.takeAll() == [])
  }

  @Test("A few kinds, over and over, are told while the burst lasts, then at about a line a second")
  func lasting() {
    var tally = RefusalTally(now: 0)
    var lines = 0
    for now in stride(from: UInt64(0), to: 600_000, by: 50) {
      tally.add(.init(call: "connect", detail: "/\(now % 20)"), now: now)
      lines += tally.take(now: now).count
    }
    #expect(lines <= RefusalTally.burst + 60 * (RefusalTally.refill + 1))
  }

  @Test("Who has been quiet may be told of again")
  func recovers() {
    var tally = RefusalTally(now: 0)
    for number in 0..<600 { tally.add(.init(call: "connect", detail: "/\(number)"), now: 0) }
    _ = tally.take(now: 0)
    for now in [UInt64(10_000), 20_000, 30_000, 40_000] { _ = tally.take(now: now) }
    tally.add(mount, now: 40_001)
    #expect(tally.take(now: 40_001) == [SandboxRefusal(call: "mount", detail: "", count: 1)])
  }
}

@Suite struct Addresses {
  private func unix(_ path: [UInt8], padding: Int = 0) -> WardenCall.Destination {
    WardenReader.destination([1, 0] + path + [UInt8](repeating: 0, count: padding)) { "/home/ann" }
  }

  @Test("A path ends with a zero byte, with its length, or with the field")
  func paths() {
    #expect(unix(Array("/run/x".utf8)) == .path("/run/x"))
    #expect(unix(Array("/run/x".utf8), padding: 102) == .path("/run/x"))
    let long = "/" + String(repeating: "y", count: 107)
    #expect(unix(Array(long.utf8)) == .path(long))
    #expect(unix(Array(long.utf8) + [65]) == .malformed)
    #expect(unix([]) == .malformed)
    #expect(WardenReader.destination([1]) { nil } == .malformed)
  }

  @Test("Relative paths start where the caller is, and spelling does not matter")
  func spelling() {
    #expect(unix(Array("run/x".utf8)) == .path("/home/ann/run/x"))
    #expect(unix(Array("../x".utf8)) == .path("/home/x"))
    #expect(WardenReader.normalised("//a/./b/../../../c//") == "/c")
    #expect(WardenReader.destination([1, 0, 97]) { nil } == .unreadable(ENOENT))
  }

  @Test("Abstract names, other families and odd bytes are told readably")
  func others() {
    #expect(unix([0, 97, 10, 200]) == .abstract("a\\x0a\\xc8"))
    #expect(unix([47, 0xff]) == .path("/\\xff"))
    #expect(WardenReader.destination([2, 0, 0, 80]) { nil } == .internet([2, 0, 0, 80]))
    #expect(WardenReader.destination([16, 0, 0, 0]) { nil } == .family(16))
    #expect(WardenReader.socket(10, 2 | 0o2000000) == "IPv6 datagram")
    #expect(WardenReader.socket(99, 9) == "family 99 type 9")
  }
}
