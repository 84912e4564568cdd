import ArgumentParser
import Glibc
import Platform
import Wire

/// Names of strategies for the shell's completion.
enum StrategyNames {
  static let completion = CompletionKind.custom { words, _, _ in names(words) }

  /// Asks `rbotctl status --json` with the options that the line already has. A daemon that does not answer completes
  /// nothing.
  private static func names(_ words: [String]) -> [String] {
    var options: [String] = []
    for (index, word) in words.enumerated() {
      if ["--home", "--socket"].contains(word), index + 1 < words.count {
        options += [word, words[index + 1]]
      } else if word.hasPrefix("--home=") || word.hasPrefix("--socket=") {
        options.append(word)
      }
    }
    var environment: [String: String] = [:]
    for name in ["HOME", "RBOT_HOME", "XDG_STATE_HOME"] {
      if let value = getenv(name) { environment[name] = String(cString: value) }
    }
    guard
      let end = try? ChildProgram.output(
        of: [Executable.path, "status", "--json"] + options, environment: environment),
      let status = try? JSON.parse(end.output)
    else { return [] }
    return status.items("strategies").map { $0.text("name") }
  }
}
