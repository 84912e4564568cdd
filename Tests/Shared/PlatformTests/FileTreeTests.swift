import Glibc
import Testing

@testable import Platform

@Suite("Folders of others") struct FileTreeTests {
  private final class Folder {
    let path: String

    init() {
      var template = Array("/tmp/rbot-tree-XXXXXX".utf8CString)
      path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit { remove(path) }

    private func remove(_ path: String) {
      var status = stat()
      guard lstat(path, &status) == 0 else { return }
      guard status.st_mode & S_IFMT == S_IFDIR, let stream = opendir(path) else {
        unlink(path)
        return
      }
      while let item = readdir(stream) {
        let name = withUnsafeBytes(of: item.pointee.d_name) {
          String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { remove("\(path)/\(name)") }
      }
      closedir(stream)
      rmdir(path)
    }

    func file(_ name: String, bytes: Int) {
      let fd = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      _ = [UInt8](repeating: 1, count: bytes).withUnsafeBytes { write(fd, $0.baseAddress, bytes) }
      close(fd)
    }
  }

  @Test("Bytes and entries are counted in all folders, and no link is followed")
  func size() throws {
    let folder = Folder()
    let other = Folder()
    other.file("large", bytes: 1_000_000)
    mkdir(folder.path + "/inner", 0o700)
    folder.file("inner/data", bytes: 100_000)
    symlink(other.path, folder.path + "/link")
    let size = try FileTree(path: folder.path).size(as: nil)
    #expect(size.entries == 3 && size.extent == .whole)
    #expect(size.bytes >= 100_000 && size.bytes < 1_000_000)
  }

  @Test("A look ends where there is too much, and where it is told to")
  func bounded() throws {
    let folder = Folder()
    for number in 0..<1_100 { folder.file("f\(number)", bytes: 0) }
    #expect(try FileTree(path: folder.path, entriesMax: 10).size(as: nil).extent == .tooMany)
    #expect(try FileTree(path: folder.path).size(as: nil, stop: { true }).extent == .stopped)
    let deep = Folder()
    var path = deep.path
    for _ in 0...FileTree.depthMax + 1 {
      path += "/d"
      mkdir(path, 0o700)
    }
    #expect(try FileTree(path: deep.path).size(as: nil).extent == .tooMany)
  }

  @Test("A folder is made for its user alone, and a link in its place is refused")
  func own() throws {
    let folder = Folder()
    let path = folder.path + "/state"
    #expect(try FileTree(path: path).own(by: nil) == 0)
    var status = stat()
    #expect(stat(path + "/tmp", &status) == 0 && stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o700 && status.st_uid == geteuid())
    symlink(path, folder.path + "/link")
    #expect(throws: SystemError.self) { try FileTree(path: folder.path + "/link").own(by: nil) }
  }

  @Test("What is handed over changes its owner, but for files of several names", .enabled(if: geteuid() == 0))
  func handOver() throws {
    let folder = Folder()
    let path = folder.path + "/state"
    chmod(folder.path, 0o755)
    try FileTree(path: path).own(by: nil)
    folder.file("state/mine", bytes: 1)
    folder.file("elsewhere", bytes: 1)
    link(folder.path + "/elsewhere", path + "/twice")
    #expect(try FileTree(path: path).own(by: 60_999) == 1)
    var status = stat()
    #expect(stat(path + "/mine", &status) == 0 && status.st_uid == 60_999)
    #expect(stat(path + "/twice", &status) == 0 && status.st_uid == 0)
    #expect(try FileTree(path: path).size(as: 60_999).entries == 3)
  }
}

@Suite("Probes of processes") struct ProcessProbeTests {
  @Test("A process is known by its start as well as by its number")
  func identity() throws {
    let own = OwnProcess()
    var probe = ProcessProbe(pid: own.pid, startTicks: own.startTicks)
    let reading = probe.read()
    let first = try #require(reading)
    #expect(first.processes >= 1 && first.threads >= 1 && first.memoryBytes > 0 && first.files ?? 0 > 2)
    var other = ProcessProbe(pid: own.pid, startTicks: own.startTicks + 1)
    let none = other.read()
    #expect(none == nil)
  }

  @Test("Processor time never falls from one reading to the next")
  func rises() throws {
    let own = OwnProcess()
    var probe = ProcessProbe(pid: own.pid, startTicks: own.startTicks, isTree: false)
    var last = 0.0
    for _ in 0..<12 {
      let reading = probe.read()
      let now = try #require(reading).cpuSeconds
      #expect(now >= last)
      last = now
    }
    #expect(last > 0)
  }
}
