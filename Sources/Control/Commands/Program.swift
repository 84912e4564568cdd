import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import Wire

/// rbotctl from the arguments to the exit status.
public enum Program {
  /// Reads the arguments (without the program's name), does what they say, and says what it ends with.
  public static func run(_ arguments: [String], in surroundings: Surroundings) async -> ExitStatus {
    let verb: any Verb
    do {
      let command = try Rbotctl.parseAsRoot(arguments)
      guard let parsed = command as? any Verb else { return try other(command, arguments, surroundings) }
      verb = parsed
    } catch {
      return ended(parsing: error, arguments, surroundings)
    }
    let options = verb.connection.merged(over: verb.parent.connection)
    do {
      let found = SocketPath.find(
        socket: options.socket, home: options.home, environment: surroundings.environment,
        user: surroundings.user, state: SocketPath.probe)
      if type(of: verb).needsDaemon, !options.json, case .success(let choice) = found, let note = choice.note
      {
        surroundings.output.complain("rbotctl: \(SafeText.escaped(note))\n")
      }
      // The loop lives as long as the process: shutting it down would take longer than most commands.
      let loop = MultiThreadedEventLoopGroup.singleton.next()
      return try await verb.run(
        Session(surroundings: surroundings, options: options, found: found, loop: loop))
    } catch {
      return ended(error, options, surroundings)
    }
  }

  /// Commands of the argument parser's own, and no command at all, which is a question for help.
  private static func other(
    _ command: any ParsableCommand, _ arguments: [String], _ surroundings: Surroundings
  ) throws -> ExitStatus {
    if command is Rbotctl {
      let isJSON = arguments.contains("--json")
      let text = isJSON ? json("usage", "name a command; rbotctl --help lists them") : Rbotctl.helpMessage()
      surroundings.output.complain(text + "\n")
      return .usage
    }
    var command = command
    try command.run()
    return .done
  }

  private static func ended(
    parsing error: any Error, _ arguments: [String], _ surroundings: Surroundings
  ) -> ExitStatus {
    guard Rbotctl.exitCode(for: error) == .success else {
      let problem = UsageError(error, arguments: arguments)
      let isJSON = arguments.contains("--json")
      surroundings.output.complain(isJSON ? json("usage", problem.message) + "\n" : problem.text)
      return .usage
    }
    // Help or a version that was asked for.
    try? surroundings.output.write(Rbotctl.fullMessage(for: error) + "\n")
    return .done
  }

  /// An error as `--json` has it.
  private static func json(_ reason: String, _ message: String) -> String {
    let object: JSON = ["error": ["reason": .string(reason), "message": .string(message)]]
    return SafeText.escapedJSON(object.description)
  }

  private static func ended(
    _ error: any Error, _ options: ConnectionOptions.Values, _ surroundings: Surroundings
  ) -> ExitStatus {
    let failure: Failure
    switch error {
    case OutputError.readerGone: return .done
    case OutputError.system(let code):
      failure = Failure(.refused, "output", "cannot write: \(String(cString: strerror(code)))")
    case let error as Failure: failure = error
    case let error as RPCError:
      failure = Failure(.refused, error.reason ?? "code_\(error.code)", error.message)
    default: failure = Failure(.refused, "internal", "\(error)")
    }
    let message = options.placing(failure.message)
    if options.json {
      surroundings.output.complain(json(failure.reason, message) + "\n")
    } else {
      surroundings.output.complain("rbotctl: \(SafeText.escaped(message))\n")
    }
    return failure.status
  }
}
