import Commands
import Glibc

let arguments = CommandLine.arguments.dropFirst()
// Whole: editors, interpreters and an rbotd of one's own inherit it.
var environment: [String: String] = [:]
var entry = environ
while let text = entry.pointee {
  let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
  if parts.count == 2 { environment[String(parts[0])] = String(parts[1]) }
  entry += 1
}
let status = await Program.run(Array(arguments), in: .ofProcess(environment: environment))
exit(status.rawValue)
