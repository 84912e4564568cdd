import Glibc
import NIOCore
import Platform

/// Asks interpreters where they live, each once.
struct PythonBook {
  /// One interpreter's file as it is now.
  struct Key: Hashable, Sendable {
    var path: String
    var seconds: Int
    var nanoseconds: Int
    var bytes: Int

    /// Nil where it is gone.
    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      self.path = path
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
      bytes = status.st_size
    }
  }

  typealias Answer = Result<PythonPlace, SandboxMistake>

  /// Questions that were asked, those that wait for their answer included.
  var asked: [Key: Task<Answer, Never>] = [:]
}

extension Supervisor {
  /// Where an interpreter lives. Whoever asks while the question is on its way shares the answer; one that failed is
  /// asked again the next time.
  func python(_ key: PythonBook.Key) async -> PythonBook.Answer {
    if let asked = cells.pythons.asked[key] { return await asked.value }
    // Another version of the same file is of no use any more.
    cells.pythons.asked = cells.pythons.asked.filter { $0.key.path != key.path }
    let question = Task { await self.ask(key.path) }
    cells.pythons.asked[key] = question
    let answer = await question.value
    if case .failure = answer { cells.pythons.asked[key] = nil }
    return answer
  }

  private func ask(_ interpreter: String) async -> PythonBook.Answer {
    func failure(_ why: String) -> PythonBook.Answer {
      .failure(SandboxMistake("\(interpreter) cannot be asked where it lives: \(why)"))
    }
    guard let processes else { return failure("rbotd is not running yet") }
    let sdk = options.pythonPath.map { [$0] } ?? []
    var environment = ["PATH": options.searchPath, "LANG": "C.UTF-8", "PYTHONUTF8": "1"]
    // Shims of version managers look for their own things in it.
    environment["HOME"] = options.ownHome
    // Of rbotd's own user and outside of every sandbox, since it writes the bytecode cache of the SDK; it runs nothing
    // of a strategy's. Everybody may read that cache.
    let request = SpawnRequest(
      spawnID: options.mark + "python/0", helper: options.launcher,
      command: [interpreter, "-I", "-c", PythonPlace.question] + sdk, environment: environment,
      directory: "/", umask: 0o022, lock: options.lock)
    let spawned = await WayBack.answer { done in
      processes.spawn(request) { done.resume(returning: $0) }
    }
    switch spawned {
    case .failure(let error): return failure("\(error)")
    case .success(let process):
      let said = await SandboxDriver.away { Conversation(process).said(within: .seconds(10)) }
      // Its end, whether it came by itself or not, and the end of what it started.
      processes.killTree(process.handle)
      guard let said else { return failure("no answer within 10 s") }
      if let place = PythonPlace(answer: said.output) { return .success(place) }
      let last = said.error.split(separator: "\n").last.map(String.init)
      return failure(last ?? "it gave no answer")
    }
  }
}

/// What a short process prints.
private struct Conversation {
  private static let bytesMax = 256 << 10
  let process: SpawnedProcess

  init(_ process: SpawnedProcess) { self.process = process }

  /// Everything, once it has closed its output; nil where it does not do so in time. Closes the descriptors.
  func said(within limit: Duration) -> (output: String, error: String)? {
    close(process.channel)
    let ends = [process.standardOutput, process.standardError].map { $0 ?? -1 }
    defer { for fd in ends where fd >= 0 { close(fd) } }
    let deadline = ContinuousClock.now + limit
    var waits = ends.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var texts: [[UInt8]] = [[], []]
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while waits.contains(where: { $0.fd >= 0 }) {
      let left = (deadline - .now) / .milliseconds(1)
      guard left > 0, texts.allSatisfy({ $0.count < Self.bytesMax }) else { return nil }
      _ = poll(&waits, UInt(waits.count), Int32(left) + 1)
      for index in waits.indices where waits[index].fd >= 0 && waits[index].revents != 0 {
        let count = read(waits[index].fd, &buffer, buffer.count)
        if count > 0 { texts[index] += buffer[..<count] }
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { waits[index].fd = -1 }
      }
    }
    return (String(decoding: texts[0], as: UTF8.self), String(decoding: texts[1], as: UTF8.self))
  }
}
