"""Small strategies for tests, by name: the texts of their files."""

from __future__ import annotations


def manifest(name: str, run: str = "strategy.py", extra: str = "", trading: str = "") -> str:
    return f'name = "{name}"\nrun = "{run}"\n{extra}\n[trading]\nmode = "paper"\nbrokers = ["paper"]\n{trading}\n'


def python(name: str, code: str, extra: str = "", trading: str = "") -> dict[str, str]:
    """A strategy in Python."""
    return {"strategy.toml": manifest(name, extra=extra, trading=trading), "strategy.py": code}


def command(
    name: str, argv: list[str], extra: str = "", files: dict[str, str] | None = None
) -> dict[str, str]:
    """A strategy of any executable."""
    words = ", ".join(f'"{word}"' for word in argv)
    return {"strategy.toml": f'name = "{name}"\ncommand = [{words}]\n{extra}\n', **(files or {})}


COUNTER = """
import json
from rbot import Strategy

class Counter(Strategy):
    instruments = ["EUR_USD"]
    count = 0
    last = 0
    gaps = 0

    def on_quote(self, quote):
        self.count += 1
        if quote.seq != self.last + 1:
            self.gaps += 1
        self.last = quote.seq

    def on_feed(self, state):
        if state == "ended":
            print(json.dumps({"counted": self.count, "gaps": self.gaps, "last": self.last}))
"""

TRADER = """
from rbot import Strategy, OrderRefused

class Trader(Strategy):
    instruments = ["EUR_USD"]
    seen = 0

    def on_quote(self, quote):
        self.seen += 1
        if self.seen % 500 != 0:
            return
        rules = self.instrument("EUR_USD")
        pip = rules.tick * 10
        try:
            if self.seen % 1000 == 0:
                self.buy("EUR_USD", 1000, stop_loss=quote.bid - 8 * pip, take_profit=quote.ask + 8 * pip)
            else:
                self.place("EUR_USD", "sell", 1000, type="limit", price=quote.ask + 3 * pip,
                           stop_loss=quote.ask + 11 * pip, take_profit=quote.ask - 5 * pip, ttl_s=3600)
        except OrderRefused as refusal:
            self.log.warning("refused", reason=refusal.reason)
"""

SLEEPER = """
import time
from rbot import Strategy

class Sleeper(Strategy):
    instruments = ["EUR_USD"]

    def on_quote(self, quote):
        time.sleep(0.5)
"""

IDLE = """
from rbot import Strategy

class Idle(Strategy):
    instruments = ["EUR_USD"]
"""
