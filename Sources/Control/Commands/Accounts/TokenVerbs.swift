import ArgumentParser
import Model
import Wire

/// `rbotctl token …`: what programs log in with.
struct TokenVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Manage the tokens by which programs use HTTP.",
    subcommands: [TokenListVerb.self, TokenCreateVerb.self, TokenRotateVerb.self, TokenRevokeVerb.self],
    defaultSubcommand: TokenListVerb.self)

  @ParentCommand var root: Rbotctl
}

struct TokenListVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show all tokens, without their secrets.")

  @ParentCommand var group: TokenVerb
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("token.list")
    try session.show(answer) { TokensView(tokens: answer.items("tokens"), page: $0).lines }
    return .done
  }
}

/// How long a token is good.
struct TokenLife: ParsableArguments {
  @Option(
    help: ArgumentHelp("When it ends: 90d, 12h, or a time (RFC 3339); never without it.", valueName: "time"))
  var expires: String?

  func moment(now: Timestamp) throws(Failure) -> JSON {
    guard let expires else { return .null }
    if let time = Timestamp(expires) { return .string("\(time)") }
    guard let seconds = Since.seconds(expires) else {
      throw Failure(
        .usage, "usage", "--expires takes a length such as 90d, or a time such as 2027-01-01T00:00:00Z")
    }
    return .string("\(now.advanced(seconds: seconds))")
  }
}

struct TokenCreateVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a token; its secret is shown this once.",
    discussion: """
      Scopes: market (prices and candles), read (orders, positions, logs, metrics), events (the streams), trade \
      (orders), control (starting and stopping strategies).
      """)

  @ParentCommand var group: TokenVerb
  @Argument(help: "Its name, for the list and the audit log.") var name: String
  @Option(name: .customLong("scope"), help: "What it may do; more than once for more.") var scopes: [String] =
    []
  @OptionGroup var life: TokenLife
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func validate() throws {
    if scopes.isEmpty { throw ValidationError("at least one --scope is needed, such as --scope read") }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask(
      "token.create",
      [
        "name": .string(name), "scopes": .array(scopes.map(JSON.string)),
        "expires": try life.moment(now: session.page.now),
      ])
    try session.show(answer) { _ in TokensView.secret(answer) }
    return .done
  }
}

struct TokenRotateVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Give a token another secret; the old one is void at once.")

  @ParentCommand var group: TokenVerb
  @Argument(help: "The token's name.") var name: String
  @OptionGroup var life: TokenLife
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask(
      "token.rotate", ["name": .string(name), "expires": try life.moment(now: session.page.now)])
    try session.show(answer) { _ in TokensView.secret(answer) }
    return .done
  }
}

struct TokenRevokeVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Take a token away, at once.")

  @ParentCommand var group: TokenVerb
  @Argument(help: "The token's name.") var name: String
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("token.revoke", ["name": .string(name)])
    try session.show(answer) { _ in [Line("\(name) is void from now on")] }
    return .done
  }
}
