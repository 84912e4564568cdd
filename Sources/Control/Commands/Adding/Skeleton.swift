import Model

/// The files of a new strategy: something that works on paper at once, to be changed bit by bit.
struct Skeleton {
  /// What it is written as.
  enum Form: String, CaseIterable { case pythonClass, pythonFunction, swift, c }

  let name: String
  let form: Form
  /// The sources of StrategyKit, for Swift.
  var sources = ""
  /// The files of the example in C, for C.
  var example: [(path: String, text: String)] = []

  /// Texts by the path below the strategy's folder.
  var files: [(path: String, text: String)] {
    switch form {
    case .pythonClass:
      [("strategy.toml", manifest("run = \"strategy.py\"")), ("strategy.py", filled(Self.pythonClass))]
    case .pythonFunction:
      [("strategy.toml", manifest("run = \"strategy.py\"")), ("strategy.py", filled(Self.pythonFunction))]
    case .swift:
      [
        (
          "strategy.toml", manifest("command = [\".build/release/\(name)\"]   # from: swift build -c release")
        ),
        ("Package.swift", filled(Self.package)), ("Sources/\(typeName).swift", filled(Self.swift)),
        (".gitignore", ".build/\n"),
      ]
    case .c:
      [
        (
          "strategy.toml",
          manifest("command = [\"./\(name)\"]   # from: make").replacing(
            "[params]\n", with: "[params]\nlength = 30\n")
        ),
        ("Makefile", filled(Self.makefile)), (".gitignore", "\(name)\n"),
      ]
        + example.map {
          // Its own name, and the instrument that the manifest says.
          (
            $0.path,
            $0.text.replacing("\"channel-breakout\"", with: "\"\(name)\"")
              .replacing("\"USD_JPY\"", with: "\"EUR_USD\"")
          )
        }
    }
  }

  /// `my-bot` as `MyBot`.
  var typeName: String {
    name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// The name that was probably meant by one that breaks the rule; nil where none is left of it.
  static func proposal(for name: String) -> String? {
    let letters = name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    let words = String(letters).split(separator: "-").joined(separator: "-").drop { !$0.isLetter }
    return StrategyName(words.prefix(64)) == nil ? nil : String(words.prefix(64))
  }

  private func filled(_ template: String) -> String {
    template.replacing("@NAME@", with: name).replacing("@TYPE@", with: typeName)
      .replacing("@SOURCES@", with: sources).replacing("@PACKAGE@", with: Path.name(sources))
  }

  private func manifest(_ entry: String) -> String {
    let text = Self.manifest.replacing("@ENTRY@", with: entry)
    return filled(text)
  }

  private static let manifest = """
    # What rbotd needs to know of this strategy. Every key: man 5 strategy.toml; is it right: rbotctl check
    name = "@NAME@"
    @ENTRY@
    enabled = true             # starts with rbotd; rbotctl disable @NAME@

    [restart]
    policy = "on-failure"      # always | on-failure | never

    [limits]
    memory = "512MB"           # of each of its processes

    [trading]
    mode = "paper"
    instruments = ["EUR_USD"]  # orders for others are refused
    max_order_units = "1000"   # and larger ones
    max_daily_loss = "100"     # no more entries that day, in the account's currency
    on_exit = "keep"           # its orders and positions when it ends: keep | cancel | flatten

    # The strategy's own numbers. Change them and say: rbotctl reload; it hears of them without a restart.
    [params]
    instrument = "EUR_USD"
    period = 20                # quotes in the average
    units = 1000
    stop_pips = 8
    target_pips = 12

    """

  private static let pythonClass = #"""
    """@NAME@: buys above the moving average of the price and sells below it. Change it to what you have in mind."""

    from __future__ import annotations

    from decimal import Decimal

    from rbot import SMA, Fill, OrderRefused, Quote, Strategy


    class @TYPE@(Strategy):
        """At most one position at a time, always with a stop loss and a take profit."""

        def on_start(self) -> None:
            """Connected, before the first quote: choose the instruments, set up what is remembered."""
            self.symbol = str(self.params.get("instrument", "EUR_USD"))
            self.instruments = [self.symbol]
            self.average = SMA(int(self.params.get("period", 20)))
            self.log("watching", instrument=self.symbol)

        def on_params(self, params: dict[str, object]) -> None:
            """The [params] were changed and reloaded; self.params has them already."""
            self.average = SMA(int(self.params.get("period", 20)))

        def on_quote(self, quote: Quote) -> None:
            """A new bid and ask. Prices and units are decimals; indicators take and give floats."""
            mid = float(quote.mid)
            average = self.average.update(mid)
            if average is None:
                self.status(f"waiting for quotes of {self.symbol}")  # shown by rbotctl status
                return
            self.metric("distance", mid - average)  # shown by rbotctl metrics @NAME@
            if self.paused or self.position(self.symbol):
                return
            self.status(f"in the market since {quote.time:%H:%M:%S}")
            self.enter(quote, is_long=mid >= average)

        def enter(self, quote: Quote, is_long: bool) -> None:
            """Take a position. Without a stop loss and a take profit the gateway refuses it."""
            units = Decimal(str(self.params.get("units", 1000)))
            pip = self.instrument(self.symbol).tick * 10
            stop = pip * int(self.params.get("stop_pips", 8))
            target = pip * int(self.params.get("target_pips", 12))
            try:
                if is_long:
                    self.buy(
                        self.symbol, units, stop_loss=quote.bid - stop, take_profit=quote.ask + target
                    )
                else:
                    self.sell(
                        self.symbol, units, stop_loss=quote.ask + stop, take_profit=quote.bid - target
                    )
            except OrderRefused as refusal:
                self.log.warning("refused", reason=refusal.reason)

        def on_fill(self, fill: Fill) -> None:
            """One of our orders was executed: an entry, or one of its exits."""
            self.log(f"{fill.role} {fill.side} {fill.units} at {fill.price}")

    """#

  private static let pythonFunction = #"""
    """@NAME@: buys above the average of the last prices and sells below it. Change it to what you have in mind."""

    from __future__ import annotations

    from rbot import SMA, get_broker, log, metric, params

    RUN_EVERY = 1.0
    """Seconds of market time between two calls of run()."""
    INSTRUMENTS = ["EUR_USD"]
    """Whose quotes are wanted."""

    average = SMA(int(params().get("period", 20)))


    def run() -> None:
        """Called again and again; what is remembered between two calls is outside of it."""
        broker = get_broker("paper")
        quote = broker.get_quote("EUR_USD")
        if quote is None:
            return
        mid = float(quote["mid"])
        value = average.update(mid)
        if value is None:
            return
        metric("distance", mid - value)  # shown by rbotctl metrics @NAME@
        if broker.is_paused() or broker.get_open_positions():
            return

        pip = broker.instrument("EUR_USD").tick * 10
        stop = pip * int(params().get("stop_pips", 8))
        target = pip * int(params().get("target_pips", 12))
        is_long = mid >= value
        # Without a stop loss and a take profit the gateway refuses an entry.
        result = broker.place_order(
            "EUR_USD",
            "buy" if is_long else "sell",
            int(params().get("units", 1000)),
            stop_loss=quote["bid"] - stop if is_long else quote["ask"] + stop,
            take_profit=quote["ask"] + target if is_long else quote["bid"] - target,
        )
        if result["success"]:
            log(f"{'bought' if is_long else 'sold'} around {mid}")
        else:
            log(f"refused: {result['message']}", level="warning")

    """#

  private static let makefile = """
    CFLAGS ?= -O2 -Wall -Wextra

    @NAME@: main.c link.c json.c link.h json.h
    \t$(CC) $(CFLAGS) -o $@ main.c link.c json.c

    """

  private static let package = """
    // swift-tools-version: 6.2
    import PackageDescription

    // StrategyKit comes from rbotd's sources; RBOTD_SOURCES names other ones.
    let sources = Context.environment["RBOTD_SOURCES"] ?? "@SOURCES@"
    let folder = sources.split(separator: "/").last.map(String.init) ?? "@PACKAGE@"

    let package = Package(
      name: "@NAME@",
      dependencies: [.package(path: sources)],
      targets: [
        .executableTarget(
          name: "@NAME@", dependencies: [.product(name: "StrategyKit", package: folder)], path: "Sources")
      ],
      swiftLanguageModes: [.v6]
    )

    """

  private static let swift = """
    import StrategyKit

    /// @NAME@: buys above the moving average of the price and sells below it. Change it to what you have in mind.
    ///
    /// At most one position at a time, always with a stop loss and a take profit.
    @main
    final class @TYPE@: Strategy {
      private var symbol = "EUR_USD"
      private var average = ExponentialAverage(period: 20)
      private var isFlat = true

      /// Connected, before the first quote: choose the instruments, set up what is remembered.
      override func onStart() async throws {
        symbol = params.string("instrument", symbol)
        average = ExponentialAverage(period: params.int("period", 20))
        isFlat = try await positions().isEmpty
        try await subscribe([symbol])
        log(.info, "watching \\(symbol)")
      }

      /// A new bid and ask. Prices and units are decimals; indicators take and give floating point.
      override func onQuote(_ quote: Quote) async throws {
        let mid = (quote.bid.approximate + quote.ask.approximate) / 2
        guard let value = average.add(mid) else { return }
        metric("distance", mid - value)  // shown by rbotctl metrics @NAME@
        guard isFlat, !isPaused else { return }
        // Without a stop loss and a take profit the gateway refuses an entry. A pip is ten ticks.
        let pip = (instrument(symbol)?.tick ?? .step(decimals: 5)) * 10
        let stop = params.amount("stop_pips", 8) * pip
        let target = params.amount("target_pips", 12) * pip
        let units = params.amount("units", 1000)
        do {
          isFlat = false
          if mid >= value {
            try await buy(symbol, units: units, stopLoss: quote.bid - stop, takeProfit: quote.ask + target)
          } else {
            try await sell(symbol, units: units, stopLoss: quote.ask + stop, takeProfit: quote.bid - target)
          }
        } catch let refusal as Refusal {
          isFlat = true
          log(.warning, "refused: \\(refusal.message)", ["reason": refusal.reason])
        }
      }

      /// One of our orders was executed: an entry, or one of its exits.
      override func onFill(_ fill: Fill) async throws {
        log(.info, "\\(fill.role.rawValue) \\(fill.side.rawValue) \\(fill.units) at \\(fill.price)")
        isFlat = try await positions().isEmpty
      }
    }

    """
}
