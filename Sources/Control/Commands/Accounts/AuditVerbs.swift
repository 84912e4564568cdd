import ArgumentParser
import NIOCore
import Wire

/// `rbotctl audit …`: who did what.
struct AuditVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Show who did what, and check that nobody changed the record of it.",
    subcommands: [AuditListVerb.self, AuditVerifyVerb.self], defaultSubcommand: AuditListVerb.self)

  @ParentCommand var root: Rbotctl
}

struct AuditListVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show the newest entries: logins, users, tokens, the PIN.")

  @ParentCommand var group: AuditVerb
  @Option(name: [.customShort("n"), .long], help: "How many, at the most.") var lines = 50
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func validate() throws {
    if lines < 1 { throw ValidationError("-n must be at least 1") }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    let rows = try await session.pages("audit.list", [:], items: "audit", limit: lines)
    try session.show(["audit": .array(rows)]) { AuditView(rows: rows, page: $0).lines }
    return .done
  }
}

struct AuditVerifyVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check that every entry is as it was written.",
    discussion: """
      Each entry holds a hash of the one before. Exits with 1 and names the first one that does not fit. Entries that \
      were cut off the end leave no trace in the rest: note the last hash elsewhere now and then.
      """)

  @ParentCommand var group: AuditVerb
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("audit.verify", timeout: .seconds(60))
    let isWhole = answer["whole"]?.boolValue == true
    try session.show(answer) { _ in
      isWhole
        ? [
          Line(
            "all \(answer.text("rows")) entries are as they were written; the last one is \(answer.text("last"))"
          )
        ]
        : [Line("entry \(answer.text("row")) breaks the chain: \(answer.text("why"))", .red)]
    }
    return isWhole ? .done : .refused
  }
}
