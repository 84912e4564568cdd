"""A gateway that is killed at each step of an order's life: nothing is lost, doubled or left unprotected."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from daemon import eventually
from test_square_off import ENTRY, Gateway, Peer, entered, home, running

__all__ = ["home"]

NEAR = {**ENTRY, "type": "limit", "price": "0.9", "stop_loss": "0.8", "take_profit": "2"}
SETTINGS = '[gateway]\nlisten = "127.0.0.1:0"\n'
SLOW = SETTINGS + '[paper]\nlatency = "1s"\n'


class Books:
    """What a killed gateway left in its journal, and what must hold of it by itself."""

    def __init__(self, home: Path) -> None:
        # A copy of its own, so that the journal is found as the kill left it.
        source = sqlite3.connect(f"file:{home}/trading.sqlite?mode=ro", uri=True)
        self.file = sqlite3.connect(":memory:")
        source.backup(self.file)
        source.close()
        self.file.row_factory = sqlite3.Row
        self.orders = {row["id"]: row for row in self.all("SELECT * FROM orders")}
        self.fills = self.all("SELECT * FROM fills ORDER BY id")
        self.trades = self.all("SELECT * FROM trades")
        self.balances = {row["strategy"]: row for row in self.all("SELECT * FROM balances")}

    def all(self, statement: str) -> list[sqlite3.Row]:
        return list(self.file.execute(statement))

    def check(self) -> None:
        assert len(
            {(row["strategy"], row["client_order_id"]) for row in self.orders.values()}
        ) == len(self.orders)
        held: dict[tuple[str, str], Decimal] = {}
        filled: dict[str, Decimal] = {}
        for fill in self.fills:
            units = Decimal(fill["units"])
            key = (fill["strategy"], fill["instrument"])
            held[key] = held.get(key, Decimal(0)) + (units if fill["side"] == "buy" else -units)
            filled[fill["order_id"]] = filled.get(fill["order_id"], Decimal(0)) + units
        for number, order in self.orders.items():
            assert filled.get(number, Decimal(0)) == Decimal(order["filled_units"]), number
        traded: dict[tuple[str, str], Decimal] = {}
        for trade in self.trades:
            key = (trade["strategy"], trade["instrument"])
            traded[key] = traded.get(key, Decimal(0)) + Decimal(trade["units"])
            self.check_exits(trade)
        assert traded == {key: units for key, units in held.items() if units}
        for name, balance in self.balances.items():
            mine = [fill for fill in self.fills if fill["strategy"] == name]
            assert Decimal(balance["realised"]) == sum(Decimal(fill["realised"]) for fill in mine)
            assert Decimal(balance["fees"]) == sum(Decimal(fill["fee"]) for fill in mine)

    def check_exits(self, trade: sqlite3.Row) -> None:
        for role in ("stop_loss", "take_profit"):
            exit = self.orders[trade[f"{role}_order_id"]]
            rest = Decimal(exit["units"]) - Decimal(exit["filled_units"])
            assert (exit["role"], exit["is_final"]) == (role, 0), dict(exit)
            assert rest == abs(Decimal(trade["units"])), dict(exit)
            assert exit["trade_id"] == trade["id"]


class Life:
    """A gateway that is killed and started again, with everything that it ever answered."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.told: dict[str, dict[str, Any]] = {}
        self.kills = 0
        self.trader = self.start()

    def start(self) -> Peer:
        self.gateway.start()
        return self.gateway.trader()

    def place(self, **order: Any) -> dict[str, Any]:
        answer = self.trader.call("order.place", **order)
        assert isinstance(answer, dict), answer
        return self.hear(answer["order"])

    def quoted(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer, once there is a quote again."""

        def answer() -> Any:
            found = self.trader.call(method, **params)
            return None if found == "no_quote" else found

        found: dict[str, Any] = eventually("a quote", answer)
        return found

    def hear(self, order: dict[str, Any]) -> dict[str, Any]:
        self.told[order["order_id"]] = order
        return order

    def ask(self, method: str, **params: Any) -> None:
        """Sends a request and does not wait for its answer."""
        self.trader.next += 1
        self.trader.send({"id": self.trader.next, "method": method, "params": params})

    def kill(self) -> Books:
        """Kills it now, looks at what is left, starts it again and compares."""
        self.gateway.kill()
        self.trader.close()
        self.kills += 1
        books = Books(self.gateway.home)
        books.check()
        for number, order in self.told.items():
            assert number in books.orders, f"{number} was told of as {order['state']} and is lost"
            now = books.orders[number]
            assert Decimal(now["filled_units"]) >= Decimal(str(order["filled_units"])), number
        self.trader = self.start()
        self.compare(books)
        return books

    def compare(self, books: Books) -> None:
        """The state after the restart is the journal's; the market has moved on since at the most."""
        found = {
            order["order_id"]: order
            for order in self.trader.call("orders", state="all", limit=1000)["orders"]
        }
        for number, row in books.orders.items():
            assert number in found, f"{number} is in the journal and not shown"
            if row["is_final"]:
                assert found[number]["state"] == row["state"], number

    def order(self, number: str) -> dict[str, Any]:
        orders = self.trader.call("orders", state="all", limit=1000)["orders"]
        found: dict[str, Any] = next(order for order in orders if order["order_id"] == number)
        return found

    def ends(self, number: str, *states: str) -> dict[str, Any]:
        return eventually(
            f"{number} is {' or '.join(states)}",
            lambda: found if (found := self.order(number))["state"] in states else None,
        )


def test_an_order_survives_a_kill_at_each_step_of_its_life(home: Path) -> None:
    with running(home, "synthetic:7") as gateway:
        life = Life(gateway)
        entered(life.trader)

        waiting = life.place(**NEAR, client_order_id="waits")
        assert waiting["state"] == "accepted"
        life.kill()
        assert life.order(waiting["order_id"])["state"] == "accepted"
        again = life.trader.call("order.place", **NEAR, client_order_id="waits")
        assert (again["duplicate"], again["order"]["order_id"]) == (True, waiting["order_id"])

        life.ask("order.modify", order_id=waiting["order_id"], price="0.89")
        books = life.kill()
        assert books.orders[waiting["order_id"]]["price"] in ("0.9", "0.89")

        life.hear(
            life.trader.call("order.modify", order_id=waiting["order_id"], price="0.88")["order"]
        )
        life.ask("order.cancel", order_id=waiting["order_id"])
        books = life.kill()
        assert Decimal(books.orders[waiting["order_id"]]["price"]) == Decimal("0.88")
        # Asked again it is cancelled now, or was.
        life.trader.call("order.cancel", order_id=waiting["order_id"])

        entered(life.trader)
        filled = life.place(**ENTRY)
        assert filled["state"] == "filled"
        life.ask("position.close", instrument="EUR_USD")
        books = life.kill()
        assert books.orders[waiting["order_id"]]["state"] == "cancelled"
        assert filled["order_id"] in {fill["order_id"] for fill in books.fills}
        life.quoted("position.close", instrument="EUR_USD")
        assert life.kill().trades == []

        entered(life.trader)
        gateway.link.call("strategy.square_off", strategy="bot", reason="enough")
        assert life.kill().trades == []
        assert life.trader.call("order.place", **ENTRY) == "squared_off"


def test_an_order_on_its_way_to_the_market_arrives_after_a_kill_and_once(home: Path) -> None:
    with running(home, "synthetic:7") as gateway:
        (home / "rbotd.toml").write_text(SLOW)
        life = Life(gateway)
        first = life.quoted("order.place", **ENTRY)["order"]
        assert first["state"] == "submitted"
        life.hear(first)
        life.kill()
        life.ends(first["order_id"], "filled")
        books = life.kill()
        assert [fill["order_id"] for fill in books.fills] == [first["order_id"]]


def test_many_orders_in_flight_survive_kills_at_any_moment(home: Path) -> None:
    with running(home, "synthetic:7") as gateway:
        (home / "rbotd.toml").write_text(SETTINGS + "[risk]\nmax_open_orders = 1000\n")
        life = Life(gateway)
        entered(life.trader)
        for round in range(4):
            ids = [f"r{round}-{index}" for index in range(24)]
            kinds: list[Callable[[str], dict[str, Any]]] = [
                lambda key: {**ENTRY, "client_order_id": key},
                lambda key: {**NEAR, "client_order_id": key},
            ]
            sent = {key: kinds[index % 2](key) for index, key in enumerate(ids)}
            for order in sent.values():
                life.ask("order.place", **order)
            # So many answers are heard, and then it is killed with the others under way.
            heard: set[str] = set()
            while len(heard) < round * 4:
                message = life.trader.read()
                if "method" not in message:
                    order = life.hear(message["result"]["order"])
                    heard.add(order["client_order_id"])
            time.sleep(round * 0.0005)
            books = life.kill()
            durable = {row["client_order_id"] for row in books.orders.values()}
            assert heard <= durable
            life.quoted("order.place", **NEAR, client_order_id=f"probe{round}")
            for key, order in sent.items():
                answer = life.trader.call("order.place", **order)
                assert isinstance(answer, dict), answer
                assert answer["duplicate"] == (key in durable), key
                life.hear(answer["order"])
            life.trader.call("position.close", instrument="EUR_USD")
        books = life.kill()
        entries = [
            row["client_order_id"] for row in books.orders.values() if row["role"] == "entry"
        ]
        assert len([key for key in entries if key.startswith("r")]) == 4 * 24
