import Commands
import Glibc

let arguments = CommandLine.arguments.dropFirst()
var environment: [String: String] = [:]
for name in ["HOME", "XDG_STATE_HOME", "RBOT_HOME", "RUNTIME_DIRECTORY", "NO_COLOR", "TERM"] {
  if let value = getenv(name) { environment[name] = String(cString: value) }
}
let status = await Program.run(Array(arguments), in: .ofProcess(environment: environment))
exit(status.rawValue)
