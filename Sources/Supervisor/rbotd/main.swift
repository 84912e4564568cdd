import Glibc
import Model
import Platform
import Runtime

// Before the first thread is made, so that none of them takes a signal.
Signals.blockAll()
// Each worker needs six descriptors, and a shell's usual 1,024 would not be enough for 200 of them.
DescriptorRoom.raiseLimit()
BoundingSet.narrow()

/// Ends the program with a sentence.
func refuse(_ message: String, code: Int32) -> Never {
  let text = "rbotd: \(message)\n"
  _ = write(STDERR_FILENO, text, text.utf8.count)
  exit(code)
}

func environment() -> [String: String] {
  var found: [String: String] = [:]
  var entry = environ
  while let text = entry.pointee {
    let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2 { found[String(parts[0])] = String(parts[1]) }
    entry += 1
  }
  return found
}

/// Takes the lock, runs the supervisor, and waits for its end.
func supervise(_ arguments: DaemonArguments) async throws {
  let environment = environment()
  var options = try SupervisorOptions(arguments, environment: environment)
  let lock = try options.takeLock()
  options.lock = lock.descriptor
  defer { unlink(lock.path) }
  let supervisor = try Supervisor.onItsOwnThread(options)
  try await supervisor.start()
  // Under a service manager the log says it all.
  if environment["NOTIFY_SOCKET"] == nil {
    await supervisor.settled(seconds: 2)
    for line in await supervisor.introduction() { print(line) }
    fflush(nil)
  }
  try await supervisor.finished()
}

let arguments: DaemonArguments
do {
  arguments = try DaemonArguments(CommandLine.arguments.dropFirst())
} catch {
  refuse(error.message, code: 2)
}
if arguments.wantsHelp {
  print(DaemonArguments.help)
} else if arguments.wantsVersion {
  print("rbotd \(Version.text)")
} else {
  do {
    try await withTaskExecutorPreference(WorkThreads(named: "main", atOnce: 1...1)) {
      try await supervise(arguments)
    }
  } catch {
    refuse("\(error)", code: 1)
  }
}
