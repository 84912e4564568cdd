import GRDB

/// The tables of `accounts.sqlite`. Times are seconds since 1970; of secrets that we made only hashes are stored.
enum AccountSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: accounts") { database in
      try database.execute(sql: accounts)
      try database.execute(sql: audit)
    }
    return migrator
  }

  private static let accounts = """
    CREATE TABLE users (
      id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL, role TEXT NOT NULL,
      created_s INTEGER NOT NULL, valid_from_s INTEGER NOT NULL);
    CREATE TABLE logins (
      id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      created_s INTEGER NOT NULL, ended_s INTEGER, why TEXT);
    CREATE INDEX logins_by_user ON logins (user);
    CREATE TABLE refresh_tokens (
      hash BLOB PRIMARY KEY, login INTEGER NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
      expires_s INTEGER NOT NULL, used_s INTEGER) WITHOUT ROWID;
    CREATE INDEX refresh_tokens_by_login ON refresh_tokens (login);
    CREATE TABLE service_tokens (
      id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash BLOB NOT NULL, scopes TEXT NOT NULL,
      created_s INTEGER NOT NULL, expires_s INTEGER, used_s INTEGER) WITHOUT ROWID;
    CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE guards (
      name TEXT PRIMARY KEY, wrong INTEGER NOT NULL, locked_until_s INTEGER NOT NULL) WITHOUT ROWID;
    """

  /// Rows are only ever added, and each holds the hash of the one before: whoever changes the file by other means
  /// breaks the chain.
  private static let audit = """
    CREATE TABLE audit (
      id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, actor TEXT NOT NULL, origin TEXT NOT NULL,
      action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, outcome TEXT NOT NULL, hash BLOB NOT NULL);
    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    """
}
