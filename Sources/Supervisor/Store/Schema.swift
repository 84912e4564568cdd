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
    migrator.registerMigration("2 log blocks") { database in
      try database.execute(
        sql: """
          CREATE TABLE log_blocks (
            last_id INTEGER PRIMARY KEY, first_id INTEGER NOT NULL, floor INTEGER NOT NULL, source TEXT NOT NULL,
            first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, first_run INTEGER NOT NULL,
            last_run INTEGER NOT NULL, severities INTEGER NOT NULL, streams INTEGER NOT NULL,
            lines INTEGER NOT NULL, bytes INTEGER NOT NULL, aged_ns INTEGER NOT NULL, data BLOB NOT NULL);
          CREATE INDEX log_blocks_by_source ON log_blocks (source, last_id, bytes);
          DROP INDEX IF EXISTS logs_by_source;
          ALTER TABLE logs RENAME TO old_logs;
          ALTER TABLE runs ADD COLUMN expected INTEGER;
          """)
      // The newest at once; what a large file holds beyond that follows while the daemon runs.
      _ = try LogArchive.convert(database, lines: LogArchive.oldLinesAtOnce)
    }
    migrator.registerMigration("3 enabled as it was") { database in
      try database.execute(sql: "ALTER TABLE strategies ADD COLUMN enabled INTEGER")
    }
    migrator.registerMigration("4 how it ended") { database in
      try database.execute(
        sql: """
          ALTER TABLE strategies ADD COLUMN over TEXT;
          ALTER TABLE strategies ADD COLUMN over_reason TEXT;
          ALTER TABLE strategies ADD COLUMN over_ns INTEGER;
          ALTER TABLE strategies ADD COLUMN frozen INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE strategies ADD COLUMN folder TEXT;
          """)
    }
    migrator.registerMigration("5 schedules") { database in
      try database.execute(
        sql: """
          CREATE TABLE schedules (
            name TEXT PRIMARY KEY, definition TEXT NOT NULL, decided_s INTEGER NOT NULL, boot_id TEXT
          ) WITHOUT ROWID;
          CREATE TABLE slots (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, slot_s INTEGER NOT NULL, until_s INTEGER,
            count INTEGER NOT NULL, trigger TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT,
            due_ns INTEGER NOT NULL, decided_ns INTEGER NOT NULL, started_ns INTEGER, ended_ns INTEGER,
            run INTEGER, exit TEXT, lateness_ms INTEGER NOT NULL, owes_square_off INTEGER NOT NULL);
          CREATE UNIQUE INDEX slots_once ON slots (name, slot_s) WHERE trigger <> 'manual';
          CREATE INDEX slots_by_name ON slots (name);
          CREATE INDEX slots_open ON slots (outcome) WHERE outcome IN ('running', 'queued');
          CREATE INDEX slots_missed ON slots (decided_ns) WHERE outcome = 'missed';
          """)
    }
    return migrator
  }
}
