public import GRDB
import Glibc

/// When a commit counts as done.
public enum Durability: String, Sendable {
  /// After a power failure the last commits may be missing, never half there; a killed process loses nothing.
  case normal = "NORMAL"
  /// Every commit is on the disk before it returns.
  case full = "FULL"
}

/// Opens the SQLite files of this package: write-ahead log, busy timeout, foreign keys, mode 0600, and a schema
/// that is brought up to date or, when it is newer than the program, refused.
public enum DatabaseFile {
  /// Opens the file, makes it when it is missing, and migrates it.
  ///
  /// - Parameters:
  ///   - path: The file; its folder must exist.
  ///   - durability: `full` for a journal that others act upon, `normal` for logs and metrics.
  ///   - readers: How many connections may read beside the one that writes.
  ///   - checkpointPages: How many pages of 4 KiB the log holds before a commit carries them over into the file;
  ///     that commit takes some milliseconds longer.
  ///   - migrator: Every migration that the program knows, in order.
  public static func open(
    at path: String, durability: Durability, readers: Int = 2, checkpointPages: Int = 1_000,
    migrator: DatabaseMigrator
  ) throws(StorageError) -> DatabasePool {
    try makePrivate(path)
    do {
      let pool = try DatabasePool(path: path, configuration: configuration(readers, checkpointPages))
      // GRDB makes it NORMAL as it turns the log on, whatever the connection was prepared with.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = \(durability.rawValue)") }
      let superseded = try pool.read { database in try migrator.hasBeenSuperseded(database) }
      guard !superseded else {
        throw StorageError(
          .newer,
          "The database \(path) was written by a newer version of rbotd: install that version, or move the file away."
        )
      }
      try migrator.migrate(pool)
      return pool
    } catch {
      throw StorageError(error, path: path)
    }
  }

  private static func configuration(_ readers: Int, _ checkpointPages: Int) -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.maximumReaderCount = readers
    configuration.foreignKeysEnabled = true
    configuration.prepareDatabase { database in
      if !database.configuration.readonly {
        // Has an effect on a new file only, and lets pruning give pages back.
        try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
      }
      try database.execute(
        sql: """
          PRAGMA wal_autocheckpoint = \(checkpointPages);
          PRAGMA journal_size_limit = 67108864;
          PRAGMA cache_size = -2048;
          PRAGMA temp_store = MEMORY;
          """)
    }
    return configuration
  }

  /// Makes the file with mode 0600 before SQLite does, so that no moment exists in which others may read it;
  /// SQLite gives its log and index files the same mode.
  ///
  /// A file that is there is never opened here: closing a descriptor of it would give up the locks that another
  /// connection of this process holds, and the next program that reads the file would take its log away from us.
  private static func makePrivate(_ path: String) throws(StorageError) {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    if descriptor >= 0 {
      close(descriptor)
      return
    }
    var said = String(cString: strerror(errno))
    var status = stat()
    if errno == EEXIST, lstat(path, &status) == 0 {
      if status.st_mode & S_IFMT != S_IFREG {
        said = "it is no ordinary file"
      } else if access(path, R_OK | W_OK) == 0 {
        if status.st_mode & 0o7777 != 0o600 { chmod(path, 0o600) }
        return
      } else {
        said = String(cString: strerror(errno))
      }
    }
    throw StorageError(
      .unwritable,
      "The database \(path) cannot be opened for writing (\(said)): check that the folder exists and is yours."
    )
  }
}
