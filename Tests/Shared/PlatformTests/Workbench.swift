import Dispatch
import Glibc
import Platform
import Synchronization
import Testing

/// Everything that needs real processes, one after the other: they count zombies and descriptors.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RealProcesses {}

/// One process thread for all tests, as a process can have only one that adopts orphans, and a memory of what
/// it told.
final class Workbench: Sendable {
  struct Ending: Sendable {
    var exit: Platform.ExitStatus?
    var usage: ResourceUsage?
    var survivors: [Int32]?
  }

  private struct Memory {
    var endings: [ProcessHandle: Ending] = [:]
    var waiting: [ProcessHandle: [CheckedContinuation<Void, Never>]] = [:]
    var resisting: [ProcessHandle: [Int32]] = [:]
    var orphans: Set<Int32> = []
    var signals: [ControlSignal] = []
    var refusals: [ProcessHandle: [SandboxRefusal]] = [:]
    var last = 0
  }

  private let memory: Mutex<Memory>
  let thread: ProcessThread
  let helper: String

  private static let made = Result { try Workbench() }

  static func shared() async throws -> Workbench { try made.get() }

  private init() throws {
    let box = Box()
    thread = try ProcessThread { event in box.workbench.withLock { $0 }?.note(event) }
    helper = try #require(Executable.sibling("rbot-exec"), "rbot-exec is not built")
    memory = Mutex(Memory())
    box.workbench.withLock { $0 = self }
  }

  private final class Box: Sendable {
    let workbench = Mutex<Workbench?>(nil)
  }

  private func note(_ event: ProcessEvent) {
    memory.withLock { memory in
      switch event {
      case .exited(let handle, let status, let usage):
        memory.endings[handle, default: Ending()].exit = status
        memory.endings[handle, default: Ending()].usage = usage
      case .resisted(let handle, let survivors):
        memory.resisting[handle] = survivors
      case .emptied(let handle):
        memory.endings[handle, default: Ending()].survivors = memory.resisting[handle] ?? []
        for waiter in memory.waiting.removeValue(forKey: handle) ?? [] { waiter.resume() }
      case .orphanReaped(let pid, _): memory.orphans.insert(pid)
      case .refused(let handle, let refusal): memory.refusals[handle, default: []].append(refusal)
      case .signal(let signal): memory.signals.append(signal)
      }
    }
  }

  func request(_ command: [String], _ change: (inout SpawnRequest) -> Void = { _ in }) -> SpawnRequest {
    let number = memory.withLock { memory in
      memory.last += 1
      return memory.last
    }
    var request = SpawnRequest(
      spawnID: "test-\(getpid())-\(number)", helper: helper, command: command,
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], directory: "/")
    change(&request)
    return request
  }

  func spawn(_ request: SpawnRequest) async throws -> SpawnedProcess {
    try await withCheckedContinuation { continuation in
      thread.spawn(request) { continuation.resume(returning: $0) }
    }.get()
  }

  /// The same in a sandbox that lets it run the system's programs and write to `/tmp`.
  func sandboxed(_ command: [String], _ change: (inout SpawnRequest) -> Void = { _ in }) -> SpawnRequest {
    request(command) { request in
      request.sandbox = Sandbox(
        readable: ["/usr", "/bin", "/lib", "/lib64", "/etc", "/proc", "/dev"],
        writable: ["/tmp", "/dev/null"])
      change(&request)
    }
  }

  /// Runs a Python script in a sandbox to its end.
  ///
  /// - Returns: what it printed, and what it was refused.
  func python(_ script: String, _ change: (inout SpawnRequest) -> Void = { _ in }) async throws
    -> (printed: String, refusals: [SandboxRefusal])
  {
    let process = try await spawn(sandboxed(["python3", "-c", script], change))
    defer { process.closeAll() }
    let printed = await text(process.standardOutput)
    let errors = await text(process.standardError)
    _ = await ending(process)
    return (printed: printed + errors, refusals: refusals(process))
  }

  /// A shell that runs a script; its output is the caller's to close.
  func shell(_ script: String, _ change: (inout SpawnRequest) -> Void = { _ in }) async throws
    -> SpawnedProcess
  {
    try await spawn(request(["sh", "-c", script], change))
  }

  /// Waits until nothing of the process's tree is left.
  func ending(_ process: SpawnedProcess) async -> Ending {
    let handle = process.handle
    await withCheckedContinuation { continuation in
      let isOver = memory.withLock { memory in
        if memory.endings[handle]?.survivors != nil { return true }
        memory.waiting[handle, default: []].append(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
    return memory.withLock { $0.endings[handle] ?? Ending() }
  }

  func refusals(_ process: SpawnedProcess) -> [SandboxRefusal] {
    memory.withLock { $0.refusals[process.handle] ?? [] }
  }
  func signals() -> [ControlSignal] { memory.withLock { $0.signals } }
  func orphans() -> Set<Int32> { memory.withLock { $0.orphans } }
}

/// Reads text from a descriptor until it has `lines` lines, or to its end; off the tests' own threads.
func text(_ descriptor: Int32?, lines: Int = .max) async -> String {
  guard let descriptor else { return "" }
  return await withCheckedContinuation { continuation in
    DispatchQueue.global().async {
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65_536)
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      while bytes.count(where: { $0 == 10 }) < lines, poll(&entry, 1, 30_000) == 1 {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { break }
        if count > 0 { bytes += buffer[..<count] }
      }
      continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
    }
  }
}

/// True while the process lives, zombies excluded.
func lives(_ pid: Int32) -> Bool {
  guard access("/proc/\(pid)", F_OK) == 0, let stat = try? fileText("/proc/\(pid)/stat"),
    let end = stat.lastIndex(of: ")")
  else { return false }
  return !stat[end...].dropFirst(2).hasPrefix("Z")
}

func fileText(_ path: String) throws -> String {
  let file = try #require(fopen(path, "r"), "\(path)")
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 1 << 16)
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes[..<count], as: UTF8.self)
}

extension SpawnedProcess {
  func closeAll() {
    close(channel)
    if let standardOutput { close(standardOutput) }
    if let standardError { close(standardError) }
  }
}
