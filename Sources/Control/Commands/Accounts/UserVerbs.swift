import ArgumentParser
import Wire

/// `rbotctl user …`: who may log in over HTTP.
struct UserVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user", abstract: "Manage who may log in over HTTP.",
    subcommands: [
      UserListVerb.self, UserAddVerb.self, UserPasswdVerb.self, UserRoleVerb.self, UserRemoveVerb.self,
    ], defaultSubcommand: UserListVerb.self)

  @ParentCommand var root: Rbotctl
}

struct UserListVerb: Verb {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "Show all users.")

  @ParentCommand var group: UserVerb
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("user.list")
    try session.show(answer) { UsersView(users: answer.items("users"), page: $0).lines }
    return .done
  }
}

struct UserAddVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Make a user.",
    discussion: "The password is asked for at the terminal, or read as one line of standard input.")

  @ParentCommand var group: UserVerb
  @Argument(help: "The email address.") var email: String
  @Option(help: "viewer (looks), trader (also trades and controls strategies) or admin (everything).")
  var role: String = "viewer"
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let password = try SecretInput.read("password", session)
    let answer = try await session.ask(
      "user.add", ["email": .string(email), "role": .string(role), "password": .string(password)])
    try session.show(answer) { _ in [Line("\(email) can log in now, as \(role)")] }
    return .done
  }
}

struct UserPasswdVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "passwd",
    abstract: "Give a user another password; whoever is logged in with the old one is out.")

  @ParentCommand var group: UserVerb
  @Argument(help: "The email address.") var email: String
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let password = try SecretInput.read("password", session)
    let answer = try await session.ask(
      "user.passwd", ["email": .string(email), "password": .string(password)])
    try session.show(answer) { _ in [Line("\(email) has another password; all logins of before have ended")] }
    return .done
  }
}

struct UserRoleVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "role", abstract: "Give a user another role, from the next request on.")

  @ParentCommand var group: UserVerb
  @Argument(help: "The email address.") var email: String
  @Argument(help: "viewer, trader or admin.") var role: String
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("user.role", ["email": .string(email), "role": .string(role)])
    try session.show(answer) { _ in [Line("\(email) is \(role) from now on")] }
    return .done
  }
}

struct UserRemoveVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove a user; his logins end at once.")

  @ParentCommand var group: UserVerb
  @Argument(help: "The email address.") var email: String
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("user.remove", ["email": .string(email)])
    try session.show(answer) { _ in [Line("\(email) is removed, and logged out everywhere")] }
    return .done
  }
}
