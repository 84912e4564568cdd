import Glibc
import Platform
import Testing

extension RealProcesses {
  @Suite struct SharingPlaces {
    /// A folder with two files, `one` and `two`.
    private func folder() throws -> String {
      let path = "/tmp/rbot-shared-\(getpid())-\(MonotonicClock.nanoseconds)"
      try #require(mkdir(path, 0o755) == 0)
      for name in ["one", "two"] { try write("\(path)/\(name)") }
      return path
    }

    private func write(_ path: String) throws {
      let file = try #require(fopen(path, "w"))
      fputs("text", file)
      fclose(file)
    }

    private func remove(_ folder: String) {
      for name in ["one", "two", "new"] { unlink("\(folder)/\(name)") }
      rmdir(folder)
    }

    @Test("A sandbox opens what it shares and what is its own, and nothing else")
    func opens() async throws {
      let bench = try await Workbench.shared()
      let folder = try folder()
      defer { remove(folder) }
      let shared = try #require(
        SharedPlaces(
          readable: ["/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "\(folder)/one", "/not/there"],
          writable: ["/dev/null", "/tmp"]))
      #expect(shared.paths.contains("\(folder)/one") && !shared.paths.contains("/not/there"))
      #expect(!shared.paths.contains("/tmp"), "a folder is no device")
      for (own, expected) in [("two", "text-text"), ("one", "text-shut")] {
        let script = """
          def read(name):
            try: return open("\(folder)/" + name).read()
            except PermissionError: return "shut"
          open("/dev/null", "w").write("x")
          print(read("one"), read("two"), sep="-")
          """
        let (printed, refusals) = try await bench.python(script) {
          $0.sandbox?.readable = ["\(folder)/\(own)", "/proc/self"]
          $0.sandbox?.writable = []
          $0.sandbox?.shared = shared
        }
        #expect(printed == expected + "\n")
        #expect(refusals == [])
      }
    }

    @Test("A file that was replaced, and a list that differs, are another set")
    func changes() throws {
      let folder = try folder()
      defer { remove(folder) }
      let paths = ["\(folder)/one", "\(folder)/two"]
      let shared = try #require(SharedPlaces(readable: paths, writable: []))
      #expect(shared.isStill(readable: paths, writable: []))
      #expect(!shared.isStill(readable: ["\(folder)/one"], writable: []))
      try write("\(folder)/new")
      try #require(rename("\(folder)/new", "\(folder)/one") == 0)
      #expect(!shared.isStill(readable: paths, writable: []))
    }
  }
}
