import Config
import Glibc
import Model
import Platform
import Runtime

Signals.blockAll()

func complain(_ message: String) {
  let text = "rbotd: \(message)\n"
  _ = write(STDERR_FILENO, text, text.utf8.count)
}

let arguments: Arguments
do {
  arguments = try Arguments(CommandLine.arguments.dropFirst())
} catch {
  complain(error.message)
  exit(2)
}
if arguments.wantsHelp {
  print(Arguments.help)
  exit(0)
}
if arguments.wantsVersion {
  print("rbotd \(Version.text)")
  exit(0)
}
do {
  try await run(arguments)
} catch {
  complain("\(error)")
  exit(1)
}

/// Takes the home, starts the supervisor, and waits for its end.
func run(_ arguments: Arguments) async throws {
  let layout = Layout(arguments)
  let settings = try readSettings(layout.config, mustExist: arguments.config != nil)
  try layout.makeFolders()
  var options = try layout.options(arguments, settings)
  let lock = try takeLock(layout.home + "/rbotd.lock", home: layout.home)
  options.lock = lock.descriptor
  let supervisor = try Supervisor.onItsOwnThread(options)
  try await supervisor.start()
  await announce(supervisor, options)
  try await supervisor.finished()
  unlink(options.gatewaySocket)
  unlink(lock.path)
}

func readSettings(_ path: String, mustExist: Bool) throws -> DaemonSettings {
  if !mustExist, access(path, F_OK) != 0 { return DaemonSettings() }
  return try DaemonSettings(path: path)
}

/// Workers inherit the lock, so those of an rbotd that was killed hold it for the moment that they take to die.
func takeLock(_ path: String, home: String) throws(LockError) -> LockFile {
  for _ in 0..<60 {
    do throws(LockError) {
      return try LockFile(path: path)
    } catch {
      guard case .held(_, _, false) = error else { throw error }
      Supervisor.killStrays(ofHome: home)
      usleep(50_000)
    }
  }
  return try LockFile(path: path)
}

/// What is running and what to type next, for a person who started it by hand.
func announce(_ supervisor: Supervisor, _ options: SupervisorOptions) async {
  guard environment("NOTIFY_SOCKET") == nil else { return }
  await supervisor.settled(seconds: 5)
  for line in await supervisor.introduction() { print(line) }
  fflush(nil)
}
