"""The simplest strategy: a file with ``run()``, called again and again."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any, Callable

from .errors import SetupError
from .model import Quote
from .session import Session
from .strategy import Strategy


class FunctionStrategy(Strategy):
    """Calls a module's ``run()`` at most once per ``RUN_EVERY`` seconds of market time.

    The quotes tell the time. A live feed that is silent is helped out by the wall clock, so
    ``run()`` is called then, too; a replay in lockstep is not, or its result would depend on the
    machine's speed. With a schedule, ``run()`` is called once and the process ends.

    The module may say ``RUN_EVERY`` (seconds, default 1) and ``INSTRUMENTS`` (default: those of
    the ``[params]``, else all that the feed has).
    """

    def __init__(self, session: Session, module: ModuleType) -> None:
        super().__init__(session)
        self._run: Callable[[], Any] = module.run
        every = getattr(module, "RUN_EVERY", 1.0)
        if isinstance(every, bool) or not isinstance(every, (int, float)) or not every >= 0:
            raise ValueError("RUN_EVERY must be a number of seconds, zero or more")
        self._every_s = float(every)
        self._module = module
        self._market_s: float | None = None
        self._wall_s = time.monotonic()
        self._lockstep = False

    def on_start(self) -> None:
        """Choose the instruments."""
        feed = self.session.gateway.hello.get("feed")
        self._lockstep = isinstance(feed, dict) and feed.get("lockstep") is True
        if self.session.slot is None:
            self.instruments = self._wanted()

    def _wanted(self) -> list[str]:
        named = getattr(self._module, "INSTRUMENTS", None)
        if named is None:
            named = self.params.get("instruments", self.params.get("instrument"))
        if named is None:
            return self.available
        names = [named] if isinstance(named, str) else [str(name) for name in named]
        found = [name for name in names if name in self.available]
        if names and not found:
            has = ", ".join(self.available) or "none"
            raise SetupError(f"this feed has none of {', '.join(names)}; it has: {has}")
        for name in names:
            if name not in found:
                self.log.warning(f"this feed has no {name}: going on without it")
        return found

    def on_quote(self, quote: Quote) -> None:
        """Call ``run()`` when its time has come by the quotes' clock."""
        now = quote.time.timestamp()
        # Time that runs backwards is a feed that started again.
        if self._market_s is None or now < self._market_s or now - self._market_s >= self._every_s:
            self._market_s = now
            self._once()

    def _once(self) -> None:
        self._wall_s = time.monotonic()
        # It may take as long as it likes, unless the manifest says otherwise.
        self.session.supervisor.callback = "run"
        try:
            self._run()
        finally:
            self._wall_s = time.monotonic()

    def _idle_s(self) -> float:
        if self.session.slot is not None:
            return 0.0
        if self._lockstep or not self.session.gateway.up:
            return 1.0
        # Twice the interval: quotes that arrive a little late still set the pace.
        return self._wall_s + max(2 * self._every_s, 0.1) - time.monotonic()

    def _on_idle(self) -> None:
        self._once()
        if self.session.slot is not None:
            self.session.loop.stopping = True
