import ArgumentParser

/// What is wrong with a command line, and what was meant where that can be told.
struct UsageError {
  /// One sentence.
  let message: String
  /// What a person reads at the terminal: the sentence, then how the command is used.
  let text: String

  init(_ error: any Error, arguments: [String]) {
    if let unknown = Self.unknownCommand(arguments) {
      message = unknown
      text = "rbotctl: \(unknown)\n"
      return
    }
    let own = Rbotctl.message(for: error)
    let full = Rbotctl.fullMessage(for: error)
    message = Self.withoutGuess(own)
    let words = own.isEmpty ? full : full.replacing(own, with: message)
    // As every other complaint begins.
    text = (words.hasPrefix("Error: ") ? "rbotctl: \(words.dropFirst(7))" : words) + "\n"
  }

  /// The parser proposes any option rather than none: what is not near is no help.
  private static func withoutGuess(_ message: String) -> String {
    let pieces = message.split(separator: "'", omittingEmptySubsequences: false)
    guard pieces.count == 5, pieces[2] == ". Did you mean " else { return message }
    let (given, guess) = (pieces[1].drop { $0 == "-" }, pieces[3].drop { $0 == "-" })
    return NearestName.among([String(guess)], to: String(given)) == nil
      ? "\(pieces[0])'\(pieces[1])'" : message
  }

  /// A sentence about a command that there is not; nil where the commands are in order.
  private static func unknownCommand(_ arguments: [String]) -> String? {
    var command: any ParsableCommand.Type = Rbotctl.self
    var path = "rbotctl"
    for word in words(arguments) where word != "help" {
      let children = children(of: command)
      if children.isEmpty { return nil }
      guard let next = children.first(where: { name(of: $0) == word }) else {
        let near = NearestName.among(children.map(name), to: word).map { "did you mean \($0)?" }
        return "there is no command \(path) \(word); \(near ?? "\(path) --help lists those that there are")"
      }
      command = next
      path += " \(word)"
    }
    return nil
  }

  /// Without options and what belongs to them, up to what may be any option's value.
  private static func words(_ arguments: [String]) -> [String] {
    var words: [String] = []
    var isValue = false
    for argument in arguments {
      if isValue {
        isValue = false
      } else if ["--home", "--socket"].contains(argument) {
        isValue = true
      } else if !argument.hasPrefix("-") {
        words.append(argument)
      }
    }
    return words
  }

  private static func children(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
    command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
  }

  private static func name(of command: any ParsableCommand.Type) -> String {
    command.configuration.commandName ?? ""
  }
}
