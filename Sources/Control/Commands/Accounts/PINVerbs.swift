import ArgumentParser
import Wire

/// `rbotctl pin …`: what real orders and the kill switch ask for.
struct PINVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pin", abstract: "Manage the PIN that orders over HTTP ask for.",
    subcommands: [PINSetVerb.self])

  @ParentCommand var root: Rbotctl
}

struct PINSetVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Set the PIN, or another one: 4 to 12 digits.",
    discussion: """
      It is asked for at the terminal, or read as one line of standard input. There is no default. After five wrong \
      tries it is locked for 15 minutes; setting another one ends that.
      """)

  @ParentCommand var group: PINVerb
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let pin = try SecretInput.read("PIN", session)
    let answer = try await session.ask("pin.set", ["pin": .string(pin)])
    try session.show(answer) { _ in [Line("the PIN is set")] }
    return .done
  }
}
