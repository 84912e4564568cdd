import GRDB

/// The tables of `market.sqlite`. Prices are exact decimal text, starts are seconds since 1970.
enum MarketSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: candles") { database in
      try database.execute(
        sql: """
          CREATE TABLE feeds (
            id INTEGER PRIMARY KEY,
            identity TEXT NOT NULL UNIQUE,
            used INTEGER NOT NULL
          ) STRICT;
          CREATE TABLE series (
            id INTEGER PRIMARY KEY,
            feed INTEGER NOT NULL,
            instrument TEXT NOT NULL,
            granularity TEXT NOT NULL,
            UNIQUE (feed, instrument, granularity)
          ) STRICT;
          CREATE TABLE candles (
            series INTEGER NOT NULL,
            start INTEGER NOT NULL,
            open TEXT NOT NULL,
            high TEXT NOT NULL,
            low TEXT NOT NULL,
            close TEXT NOT NULL,
            volume INTEGER NOT NULL,
            PRIMARY KEY (series, start)
          ) STRICT, WITHOUT ROWID;
          """)
    }
    return migrator
  }
}
