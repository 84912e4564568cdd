import GRDB

/// Why a database cannot be used, with a stable word for programs and a sentence for people.
public struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong, as a word that never changes its meaning.
  public enum Reason: String, Sendable {
    /// The file is not a database, or its pages contradict each other.
    case damaged = "database_damaged"
    /// A later version of the program has changed the schema.
    case newer = "database_newer"
    /// The file or its folder may not be read or written.
    case unwritable = "database_unwritable"
    /// No space is left.
    case full = "disk_full"
    /// The system could not read or write.
    case inputOutput = "io_error"
    /// Somebody else held the file for longer than the busy timeout.
    case busy = "database_busy"
    /// Anything else that SQLite refused.
    case refused = "database_refused"
  }

  public let reason: Reason
  /// What happened to which file, and what to do.
  public let message: String

  public init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  public var description: String { message }

  /// Whether the same write may succeed later without anybody changing the program or the file.
  public var mayPass: Bool {
    switch reason {
    case .full, .inputOutput, .busy, .unwritable: true
    case .damaged, .newer, .refused: false
    }
  }
}

extension StorageError {
  /// Translates an error that a database call threw.
  public init(_ error: any Error, path: String) {
    if let known = error as? StorageError {
      self = known
      return
    }
    guard let error = error as? DatabaseError else {
      self.init(.refused, "The database \(path) could not be used: \(error).")
      return
    }
    let said = error.message ?? "no reason given"
    switch error.resultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      self.init(
        .damaged,
        "The database \(path) is damaged (\(said)): move it away and start again, or restore a backup.")
    case .SQLITE_FULL:
      self.init(.full, "No space is left for the database \(path): free some space on that disk.")
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
      self.init(
        .unwritable,
        "The database \(path) cannot be written (\(said)): check the owner and mode of the file and its folder."
      )
    case .SQLITE_IOERR:
      self.init(.inputOutput, "The disk failed while using the database \(path) (\(said)).")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(.busy, "The database \(path) is in use by another process: stop it and try again.")
    default:
      self.init(.refused, "The database \(path) refused a statement: \(error.description)")
    }
  }
}
