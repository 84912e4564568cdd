import Glibc
import Testing

@testable import Platform

@Suite struct LockFiles {
  @Test("A file that was removed between opening and locking it is not the lock: the new one is")
  func removed() throws {
    let path = "/tmp/rbot-lock-\(getpid())-removed"
    defer { unlink(path) }
    var times = 0
    let lock = try LockFile(path: path) {
      times += 1
      if times == 1 { unlink(path) }
    }
    #expect(times == 2)
    #expect(throws: LockError.held(path: path, pid: getpid(), isAlive: true)) { try LockFile(path: path) }
    withExtendedLifetime(lock) {}
  }

  @Test("A file that another put there in between belongs to the other")
  func replaced() throws {
    let path = "/tmp/rbot-lock-\(getpid())-replaced"
    defer { unlink(path) }
    var other: LockFile?
    #expect(throws: LockError.held(path: path, pid: getpid(), isAlive: true)) {
      try LockFile(path: path) {
        guard other == nil else { return }
        unlink(path)
        other = try? LockFile(path: path)
      }
    }
    #expect(other != nil)
  }

  @Test("A file that never stays is given up")
  func neverStays() {
    let path = "/tmp/rbot-lock-\(getpid())-fleeting"
    #expect(throws: LockError.held(path: path, pid: nil, isAlive: false)) {
      try LockFile(path: path) { unlink(path) }
    }
  }
}
