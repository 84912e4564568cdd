import GRDB
import Model
import Testing

@testable import Accounts

@Suite struct AuditTests {
  @Test func `what matters is in the log, and a secret never is`() async throws {
    let office = try Office()
    let accounts = try await office.openWithTrader()
    _ = await reason {
      try await accounts.logIn(email: "trader@local", password: "a wrong one", from: "10.0.0.1")
    }
    _ = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "10.0.0.2")
    try await accounts.setPIN("841921", by: "local:0")
    _ = await reason { try await accounts.checkPIN("111222", by: "user:trader@local", from: "10.0.0.2") }
    let (_, text) = try await accounts.addServiceToken(
      name: "grafana", scopes: [.read], expires: nil, by: "local:0")
    let rows = try await accounts.audit(before: nil, limit: 100).reversed()
    #expect(
      rows.map { "\($0.entry.action) \($0.entry.outcome)" } == [
        "user_added ok", "login invalid_credentials", "login ok", "pin_set ok", "pin_tried pin_wrong",
        "token_created ok",
      ])
    let all = rows.map { "\($0.entry)" }.joined()
    for secret in ["correct horse", "a wrong one", "841921", "111222", text] {
      #expect(!all.contains(secret))
    }
  }

  @Test func `it pages, newest first`() async throws {
    let accounts = try Office().open()
    for number in 0..<10 {
      try await accounts.record(AuditEntry(time: Timestamp(nanoseconds: 1), actor: "x", action: "a\(number)"))
    }
    let first = try await accounts.audit(before: nil, limit: 4)
    #expect(first.map(\.id) == [10, 9, 8, 7])
    #expect(try await accounts.audit(before: 7, limit: 100).map(\.id) == [6, 5, 4, 3, 2, 1])
  }

  @Test func `a whole chain is whole, also over a restart`() async throws {
    let office = try Office()
    for _ in 0..<3 {
      try await office.open().record(AuditEntry(time: Timestamp(nanoseconds: 7), actor: "x", action: "a"))
    }
    guard case .whole(let rows, let last) = try await office.open().verifyAudit() else {
      Issue.record("it is broken")
      return
    }
    #expect(rows == 3 && last.count == 64)
  }

  @Test(arguments: [
    ("UPDATE audit SET detail = 'nothing' WHERE id = 3", Int64(3)),
    ("DELETE FROM audit WHERE id = 3", 3), ("DELETE FROM audit WHERE id = 1", 1),
    ("UPDATE audit SET outcome = 'ok', hash = randomblob(32) WHERE id = 5", 5),
    ("UPDATE audit SET actor = 'xa', action = 'ction' WHERE id = 2", 2),
  ])
  func `whoever changes the file is found out, at the row`(change: String, row: Int64) async throws {
    let office = try Office()
    let accounts = try office.open()
    for number in 0..<6 {
      try await accounts.record(
        AuditEntry(
          time: Timestamp(nanoseconds: 7), actor: "x", action: "action", detail: "d\(number)", outcome: "no"))
    }
    let file = try DatabaseQueue(path: office.path)
    #expect(throws: (any Error).self) { try file.write { try $0.execute(sql: change) } }
    try await file.write { database in
      try database.execute(sql: "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_deleted")
      try database.execute(sql: change)
    }
    guard case .broken(let id, _) = try await accounts.verifyAudit() else {
      Issue.record("it is whole")
      return
    }
    #expect(id == row)
  }

  @Test func `a text of any length costs a bounded row`() async throws {
    let accounts = try Office().open()
    try await accounts.record(
      AuditEntry(
        time: Timestamp(nanoseconds: 7), actor: String(repeating: "é", count: 100_000), action: "a"))
    let actor = try await accounts.audit(before: nil, limit: 1)[0].entry.actor
    #expect(actor.utf8.count < 1_100)
    #expect(try await accounts.verifyAudit() == .whole(rows: 1, last: actorHash(accounts)))
  }

  private func actorHash(_ accounts: Accounts) async throws -> String {
    try await accounts.audit(before: nil, limit: 1)[0].hash.map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}
