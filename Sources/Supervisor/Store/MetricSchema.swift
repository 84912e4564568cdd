import GRDB

/// The tables of metric history.
enum MetricSchema {
  /// Values of the first schema that are folded into history at the most; older ones are dropped, so that the
  /// first start of a new version does not take minutes.
  private static let foldedMax = 1_000_000

  static func register(in migrator: inout DatabaseMigrator) {
    migrator.registerMigration("metric history") { database in
      try database.execute(
        sql: """
          CREATE TABLE metric_keys (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, origin INTEGER NOT NULL, name TEXT NOT NULL,
            labels TEXT NOT NULL, UNIQUE (source, origin, name, labels));
          INSERT INTO metric_keys (id, source, origin, name, labels)
            SELECT id, source, \(MetricOrigin.strategy.rawValue), name, labels FROM metric_series;
          """)
      for level in MetricLevel.allCases {
        try database.execute(
          sql: """
            CREATE TABLE \(level.table) (
              series INTEGER NOT NULL, time_s INTEGER NOT NULL, minimum REAL NOT NULL, maximum REAL NOT NULL,
              sum REAL NOT NULL, count INTEGER NOT NULL, last REAL NOT NULL, PRIMARY KEY (series, time_s)
            ) WITHOUT ROWID;
            """)
      }
      // A worker's clock may have been the market's: before 1970 there is nothing to keep.
      try database.execute(
        sql: """
          INSERT INTO \(MetricLevel.tenSeconds.table) (series, time_s, minimum, maximum, sum, count, last)
            SELECT series, start, lowest, highest, total, number, (SELECT value FROM metrics WHERE id = newest)
            FROM (
              SELECT series, time_ns / 10000000000 * 10 AS start, min(value) AS lowest, max(value) AS highest,
                sum(value) AS total, count(*) AS number, max(id) AS newest
              FROM metrics
              WHERE time_ns >= 0 AND id > (SELECT coalesce(max(id), 0) FROM metrics) - \(foldedMax)
              GROUP BY series, start);
          DROP TABLE metrics;
          DROP TABLE metric_series;
          """)
    }
  }
}
