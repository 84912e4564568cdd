"""A strategy as a row of nodes: fetch data, make a signal, execute it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Callable

from . import current
from .broker import get_broker
from .decimals import Number

Context = dict[str, Any]
"""What the nodes of one pass share: each node reads what earlier ones left in it."""


class Node:
    """One step. Subclass it and say in :meth:`execute` what it does.

    ``execute`` gets the context of this pass and gives a dictionary that is merged into it.
    ``{"status": "skip"}`` in it ends the pass quietly.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or type(self).__name__

    def execute(self, context: Context) -> Context:
        """Do the step; raises whatever goes wrong, which ends the pass."""
        raise NotImplementedError(f"{self.name} has no execute()")


class DataFetchNode(Node):
    """Puts ``quote``, ``mid`` and ``history`` (the last mids, oldest first) into the context."""

    def __init__(
        self, instrument: str, keep: int = 50, broker: str | None = None, name: str = "DataFetch"
    ) -> None:
        super().__init__(name)
        self.instrument = instrument
        self._keep = keep
        self._broker = broker
        self._mids: list[Decimal] = []

    def execute(self, context: Context) -> Context:
        """Fetch the quote; skips the pass while there is none."""
        quote = get_broker(self._broker).get_quote(self.instrument)
        if quote is None:
            return {"status": "skip"}
        self._mids = [*self._mids, quote["mid"]][-self._keep :]
        return {
            "instrument": self.instrument,
            "quote": quote,
            "mid": quote["mid"],
            "history": list(self._mids),
        }


class SignalGenerationNode(Node):
    """Puts ``signal`` (``buy``, ``sell`` or None) into the context, by a function of it."""

    def __init__(
        self, decide: Callable[[Context], str | None], name: str = "SignalGeneration"
    ) -> None:
        super().__init__(name)
        self._decide = decide

    def execute(self, context: Context) -> Context:
        """Ask the function; skips the pass when it sees nothing to do."""
        signal = self._decide(context)
        return {"signal": signal, "status": "success" if signal else "skip"}


SignalNode = SignalGenerationNode


class ExecutionNode(Node):
    """Turns ``signal`` into a market order with a stop loss and a take profit.

    ``stop`` and ``target`` are distances from the entry price, in price units. At most one
    position is held: a signal while there is one is left alone.
    """

    def __init__(
        self,
        units: Number,
        stop: Number,
        target: Number,
        broker: str | None = None,
        name: str = "Execution",
    ) -> None:
        super().__init__(name)
        self._units = units
        self._stop = Decimal(str(stop))
        self._target = Decimal(str(target))
        self._broker = broker

    def execute(self, context: Context) -> Context:
        """Place the order; ``result`` is what :meth:`rbot.Broker.place_order` gave."""
        broker = get_broker(self._broker)
        instrument = context["instrument"]
        if any(one["instrument"] == instrument for one in broker.get_open_positions()):
            return {"status": "skip"}
        buying = context["signal"] == "buy"
        entry = context["quote"]["ask" if buying else "bid"]
        way = 1 if buying else -1
        tick = current.session().instrument(instrument)
        result = broker.place_order(
            instrument,
            context["signal"],
            self._units,
            stop_loss=tick.round_price(entry - way * self._stop),
            take_profit=tick.round_price(entry + way * self._target),
        )
        return {"result": result, "status": "success" if result["success"] else "refused"}


class Pipeline:
    """Nodes in a row; call :meth:`execute` once per pass, e.g. from ``run()``."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = list(nodes)

    def execute(self, context: Context | None = None) -> Context:
        """Run the nodes one after the other; gives the context as the last one left it.

        ``status`` is the last node's word, ``node`` its name.
        """
        shared: Context = {} if context is None else context
        for node in self.nodes:
            shared["status"] = "success"
            shared.update(node.execute(shared) or {})
            shared["node"] = node.name
            if shared["status"] == "skip":
                break
        return shared
