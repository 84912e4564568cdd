import GRDB

/// The tables of `supervisor.sqlite`; a released migration never changes.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 supervisor") { database in
      try database.execute(
        sql: """
          CREATE TABLE strategies (
            name TEXT PRIMARY KEY, wanted INTEGER NOT NULL, paused INTEGER NOT NULL, generation INTEGER NOT NULL
          ) WITHOUT ROWID;
          CREATE TABLE runs (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, generation INTEGER NOT NULL, pid INTEGER,
            started_ns INTEGER NOT NULL, ready_ns INTEGER, ended_ns INTEGER,
            exit_code INTEGER, signal INTEGER, reason TEXT);
          CREATE INDEX runs_by_source ON runs (source);
          CREATE TABLE logs (
            id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, source TEXT NOT NULL, run INTEGER,
            stream INTEGER NOT NULL, level INTEGER NOT NULL, message TEXT NOT NULL, fields TEXT);
          CREATE INDEX logs_by_source ON logs (source);
          CREATE TABLE metric_series (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL,
            UNIQUE (source, name, labels));
          CREATE TABLE metrics (
            id INTEGER PRIMARY KEY, series INTEGER NOT NULL, run INTEGER, time_ns INTEGER NOT NULL,
            value REAL NOT NULL);
          CREATE TABLE audit (
            id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, uid INTEGER NOT NULL, pid INTEGER NOT NULL,
            command TEXT NOT NULL, subject TEXT NOT NULL, result TEXT NOT NULL);
          """)
    }
    MetricSchema.register(in: &migrator)
    migrator.registerMigration("workers' users") { database in
      try database.execute(
        sql: """
          CREATE TABLE worker_users (name TEXT PRIMARY KEY, uid INTEGER NOT NULL UNIQUE) WITHOUT ROWID;
          """)
    }
    return migrator
  }
}
