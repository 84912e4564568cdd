import GRDB

/// The tables of `trading.sqlite`. Amounts are exact decimal text, times are nanoseconds since 1970.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: the order journal") { database in
      try database.execute(sql: journal)
    }
    migrator.registerMigration("2: positions that are to be closed") { database in
      try database.execute(sql: flattenings)
    }
    migrator.registerMigration("3: terms of orders, ends of trades") { database in
      try database.execute(
        sql: "ALTER TABLE orders ADD COLUMN terms TEXT; ALTER TABLE trades ADD COLUMN closes INTEGER")
    }
    migrator.registerMigration("4: who placed an order, and by which route") { database in
      try database.execute(
        sql: "ALTER TABLE orders ADD COLUMN placed_by TEXT; ALTER TABLE orders ADD COLUMN route TEXT")
    }
    migrator.registerMigration("5: orders by the route that they came in by") { database in
      // Few have one, so the index costs a worker's order nothing.
      try database.execute(
        sql: "CREATE INDEX orders_route ON orders (route, number) WHERE route IS NOT NULL")
    }
    migrator.registerMigration("6: the gateway's mode and its kill switch") { database in
      try database.execute(sql: charter)
    }
    migrator.registerMigration("7: a broker's ids of executions") { database in
      try database.execute(
        sql: """
          ALTER TABLE fills ADD COLUMN execution_id TEXT;
          CREATE INDEX fills_execution ON fills (id) WHERE execution_id IS NOT NULL
          """)
    }
    migrator.registerMigration("8: equity over time") { database in
      try database.execute(sql: EquityRows.schema)
    }
    migrator.registerMigration("9: client order ids without those that the gateway made") { database in
      // Nobody asks for those, and two of three orders are exits of the gateway's making.
      try database.execute(
        sql: """
          DROP INDEX orders_client;
          CREATE UNIQUE INDEX orders_client ON orders (strategy, client_order_id) WHERE fingerprint <> '';
          """)
    }
    migrator.registerMigration("10: the history of one order") { database in
      // Rows come in about the order of the numbers, so that most go to the end of it.
      try database.execute(sql: "CREATE INDEX order_history_order ON order_history (order_number)")
    }
    return migrator
  }

  private static let charter = """
    CREATE TABLE charter (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      mode TEXT NOT NULL,
      mode_by TEXT,
      mode_since INTEGER,
      kill_engaged INTEGER,
      kill_by TEXT,
      kill_reason TEXT,
      kill_cancelled INTEGER,
      kill_closed INTEGER,
      kill_flat INTEGER
    ) STRICT;
    """

  private static let flattenings = """
    CREATE TABLE flattenings (
      strategy TEXT PRIMARY KEY,
      cause TEXT NOT NULL,
      reason TEXT,
      generation INTEGER NOT NULL,
      closed INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  // Few indexes, as each is written with every order: one for idempotency, one that holds open orders alone.
  private static let journal = """
    CREATE TABLE orders (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      client_order_id TEXT NOT NULL,
      strategy TEXT NOT NULL,
      generation INTEGER NOT NULL,
      broker TEXT NOT NULL,
      instrument TEXT NOT NULL,
      side TEXT NOT NULL,
      type TEXT NOT NULL,
      role TEXT NOT NULL,
      time_in_force TEXT NOT NULL,
      reduce_only INTEGER NOT NULL,
      quality INTEGER,
      mode TEXT NOT NULL,
      tag TEXT,
      created INTEGER NOT NULL,
      units TEXT NOT NULL,
      price TEXT,
      stop_loss TEXT,
      take_profit TEXT,
      filled_units TEXT NOT NULL,
      average_price TEXT,
      state TEXT NOT NULL,
      reason TEXT,
      trade_id INTEGER,
      updated INTEGER NOT NULL,
      expires INTEGER,
      is_final INTEGER NOT NULL,
      fingerprint TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX orders_client ON orders (strategy, client_order_id);
    CREATE INDEX orders_open ON orders (number) WHERE is_final = 0;

    CREATE TABLE order_history (
      seq INTEGER PRIMARY KEY,
      order_number INTEGER NOT NULL,
      state TEXT NOT NULL,
      reason TEXT,
      units TEXT NOT NULL,
      filled_units TEXT NOT NULL,
      price TEXT,
      stop_loss TEXT,
      take_profit TEXT,
      time INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE fills (
      id INTEGER PRIMARY KEY,
      order_id TEXT NOT NULL,
      strategy TEXT NOT NULL,
      broker TEXT NOT NULL,
      instrument TEXT NOT NULL,
      side TEXT NOT NULL,
      role TEXT NOT NULL,
      units TEXT NOT NULL,
      price TEXT NOT NULL,
      fee TEXT NOT NULL,
      realised TEXT NOT NULL,
      trade_id INTEGER,
      quote_seq INTEGER NOT NULL,
      time INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE trades (
      id INTEGER PRIMARY KEY,
      strategy TEXT NOT NULL,
      broker TEXT NOT NULL,
      instrument TEXT NOT NULL,
      entry_order_id TEXT NOT NULL,
      opened INTEGER NOT NULL,
      price TEXT NOT NULL,
      units TEXT NOT NULL,
      stop_loss_order_id TEXT,
      take_profit_order_id TEXT,
      realised TEXT NOT NULL
    ) STRICT;

    CREATE TABLE balances (
      strategy TEXT PRIMARY KEY,
      starting TEXT NOT NULL,
      realised TEXT NOT NULL,
      fees TEXT NOT NULL,
      orders INTEGER NOT NULL,
      fills INTEGER NOT NULL,
      day INTEGER,
      day_start_equity TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rates (currency TEXT PRIMARY KEY, rate TEXT NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE events (
      seq INTEGER PRIMARY KEY,
      source TEXT NOT NULL,
      type TEXT NOT NULL,
      strategy TEXT,
      payload TEXT NOT NULL,
      ts INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE feed (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      identity TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      time INTEGER,
      state TEXT,
      has_ended INTEGER NOT NULL,
      owner TEXT NOT NULL
    ) STRICT;
    """
}
