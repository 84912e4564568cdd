"""Runs a strategy: takes what arrives, in its order, and calls the strategy with it."""

from __future__ import annotations

import inspect
import time
import traceback
from typing import Any, Callable

from .errors import GatewayDown, OrderRefused, RbotError, SetupError
from .model import Candle, Fill, Order, Quote
from .session import Session
from .strategy import Strategy

CONTROL_EVERY_S = 0.01
"""While quotes queue up, the supervisor's channel is looked at this often."""


class StrategyFailed(Exception):
    """A callback raised; what it was is in the log already."""


class Engine:
    """The main loop of a strategy's process."""

    def __init__(self, session: Session, strategy: Strategy) -> None:
        self._session = session
        self._strategy = strategy
        self._loop = session.loop
        self._supervisor = session.supervisor
        self._gateway = session.gateway
        self._reason = "SIGTERM"
        self._looked = 0.0

    def run(self) -> int:
        """Start the strategy and run it until it is stopped. The process's exit status."""
        try:
            if self._start():
                self._turn()
            self._drain_commands()
            self._tell(self._strategy.on_stop, self._reason)
        except StrategyFailed:
            return 1
        except RbotError as error:
            self._supervisor.log("error", str(error))
            return 1
        return 0

    def _start(self) -> bool:
        gateway, loop = self._gateway, self._loop
        while not gateway.up and not loop.stopping:
            gateway.tend()
            if not gateway.up:
                self._supervisor.progress += 1
                loop.poll(max(gateway.retry_in_s, 0.001))
        # The first "up" is no news to a strategy that is only now started.
        gateway.events.clear()
        if loop.stopping:
            return False
        self._session.paused = self._session.paused or self._trading_paused()
        if not self._call(self._strategy.on_start):
            raise StrategyFailed
        self._subscribe(list(self._strategy.instruments))
        self._supervisor.ready()
        if self._session.paused:
            self._tell(self._strategy.on_pause, "paused before this start")
        return True

    def _subscribe(self, wanted: list[str]) -> None:
        gateway, loop = self._gateway, self._loop
        while wanted and not loop.stopping:
            try:
                gateway.subscribe(wanted, list(self._strategy.candles), self._strategy.delivery)
                return
            except OrderRefused as refused:
                if refused.reason != "unknown_instrument" or len(wanted) == 1:
                    raise
                # Going on with those that the feed has serves better than not starting at all.
                self._session.supervisor.log("warning", f"{refused.message}; going on without")
                wanted = [name for name in wanted if self._known(name)] or wanted[:1]
            except GatewayDown:
                gateway.tend()
                loop.poll(max(gateway.retry_in_s, 0.001))

    def _known(self, instrument: str) -> bool:
        try:
            self._gateway.subscribe(
                [instrument], list(self._strategy.candles), self._strategy.delivery
            )
        except OrderRefused:
            return False
        return True

    def _turn(self) -> None:
        loop, gateway, supervisor = self._loop, self._gateway, self._supervisor
        events, commands = gateway.events, supervisor.commands
        strategy = self._strategy
        while not loop.stopping:
            supervisor.progress += 1
            if commands:
                self._command(*commands.popleft())
            elif events:
                self._event(*events.popleft())
            elif gateway.market:
                self._market(*gateway.market.popleft())
                now = time.monotonic()
                if now - self._looked > CONTROL_EVERY_S:
                    self._looked = now
                    loop.poll_control() if gateway.ack else loop.poll(0)
            else:
                supervisor.flush_metrics()
                if not gateway.up:
                    gateway.tend()
                wait_s = strategy._idle_s()
                if not gateway.up:
                    wait_s = min(wait_s, max(gateway.retry_in_s, 0.001))
                if not (events or gateway.market or commands):
                    loop.poll(max(0.0, wait_s))
                if not gateway.market and strategy._idle_s() <= 0:
                    self._call(strategy._on_idle)

    def _market(self, method: str, params: dict[str, Any]) -> None:
        try:
            if method == "quote":
                quote = Quote(params)
            elif method == "candle":
                candle = Candle.from_wire(params)
            else:
                state = str(params["state"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._odd(method, error)
            return
        if method == "candle":
            self._call(self._strategy.on_candle, candle)
        elif method == "feed":
            self._tell(self._strategy.on_feed, state)
        else:
            self._quote(quote)

    def _quote(self, quote: Quote) -> None:
        gateway = self._gateway
        epoch, calls = gateway.epoch, gateway.order_calls
        gateway.latest[quote.instrument] = quote
        supervisor = self._supervisor
        supervisor.called_s = time.monotonic()
        supervisor.callback = "on_quote"
        try:
            self._strategy.on_quote(quote)
        except Exception as error:
            self._failed(error)
        finally:
            supervisor.callback = ""
        if not gateway.ack:
            return
        # Whatever this quote made the strategy do, and what came of that, is handled before the
        # gateway may go on: this is what makes a replay give the same fills every time.
        while gateway.events and not self._loop.stopping:
            self._event(*gateway.events.popleft())
            if not gateway.events and gateway.order_calls != calls and gateway.up:
                calls = gateway.order_calls
                self._barrier()
        if gateway.epoch == epoch:
            seq = quote.seq
            gateway.notify(b'{"jsonrpc":"2.0","method":"quotes.ack","params":{"seq":%d}}\n' % seq)

    def _barrier(self) -> None:
        """Have every notification read that the orders so far have caused."""
        try:
            self._session.ask("orders", {"state": "open", "limit": 1})
        except RbotError:
            pass

    def _event(self, method: str, params: dict[str, Any]) -> None:
        strategy = self._strategy
        if method == "gateway":
            if params["up"]:
                self._session.paused = self._trading_paused()
            self._tell(strategy.on_gateway, bool(params["up"]))
            return
        try:
            if method == "order":
                order = Order.from_wire(params["order"])
            elif method == "fill":
                fill = Fill.from_wire(params["fill"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._odd(method, error)
            return
        if method == "order":
            self._call(strategy.on_order, order)
        elif method == "fill":
            self._call(strategy.on_fill, fill)
        else:
            self._session.paused = bool(params.get("paused"))

    def _trading_paused(self) -> bool:
        trading = self._gateway.hello.get("trading")
        return isinstance(trading, dict) and trading.get("paused") is True

    def _drain_commands(self) -> None:
        while self._supervisor.commands:
            self._command(*self._supervisor.commands.popleft())

    def _command(self, method: str, params: dict[str, Any]) -> None:
        session, strategy = self._session, self._strategy
        if method == "stop":
            self._reason = str(params.get("reason") or "stop")
        elif method == "pause":
            session.paused = True
            self._tell(strategy.on_pause, str(params.get("reason") or ""))
        elif method == "resume":
            session.paused = False
            self._call(strategy.on_resume)
        elif method == "params":
            # The parameters may come bare or under their own name.
            inner = params.get("params")
            session.params = dict(inner if isinstance(inner, dict) else params)
            self._tell(strategy.on_params, session.params)
        elif params.get("up") is True:
            self._gateway.hurry()

    def _call(self, callback: Callable[..., None], *arguments: Any) -> bool:
        supervisor = self._supervisor
        supervisor.called_s = time.monotonic()
        supervisor.callback = getattr(callback, "__name__", "callback")
        try:
            callback(*arguments)
        except Exception as error:
            self._failed(error)
            return False
        finally:
            supervisor.callback = ""
        return True

    def _tell(self, callback: Callable[..., None], argument: Any) -> bool:
        """Call back with ``argument``, or without it: ``def on_stop(self)`` is as good as ``on_stop(self, reason)``."""
        takes = inspect.signature(callback).parameters
        return self._call(callback, argument) if takes else self._call(callback)

    def _failed(self, error: Exception) -> None:
        """Decide whether the strategy goes on after ``error``; raises when it does not."""
        if isinstance(error, OrderRefused):
            text = f"order refused ({error.reason}): {error.message}"
            self._session.say_once(f"refused {error.reason}", "warning", text)
        elif isinstance(error, GatewayDown):
            self._session.say_once("gateway down", "warning", str(error))
        elif isinstance(error, SetupError):
            self._supervisor.log("error", str(error))
            raise StrategyFailed from error
        else:
            text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            self._supervisor.log("error", text.rstrip())
            raise StrategyFailed from error

    def _odd(self, method: str, error: Exception) -> None:
        text = f"a {method} message is not understood and was ignored: {error!r}"
        self._session.say_once(f"odd {method}", "warning", text)
