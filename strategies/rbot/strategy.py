"""A strategy as a class: subclass :class:`Strategy` and say what to do at each quote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .decimals import Number
from .logger import Log
from .model import Account, Candle, Fill, Instrument, Order, Position, Quote
from .orders import BasketResult, Momentum, OrderRequest, TargetResult, TrailByRange
from .session import Session


class Strategy:
    """The base of a strategy. All its methods are called in one thread, one after the other.

    A callback that takes long delays only this strategy. An :class:`~rbot.OrderRefused` or
    :class:`~rbot.GatewayDown` that a callback does not catch is logged and the strategy goes on;
    any other exception is logged with its traceback and ends the process with status 1.
    """

    instruments: Sequence[str] = ()
    """The instruments whose quotes are wanted; may also be set in :meth:`on_start`."""
    candles: Sequence[str] = ()
    """Granularities (``S5``, ``M1`` …) of which each complete candle is wanted."""
    delivery: str | None = None
    """``every`` or ``latest`` quote when this strategy falls behind; None lets the feed decide."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.log = Log(session.supervisor)
        """``self.log("text", key=value)``, and ``.debug .info .warning .error .critical``."""

    # What happens; overridden by the strategy.

    def on_start(self) -> None:
        """Called once, connected but before the first quote."""

    def on_quote(self, quote: Quote) -> None:
        """Called for each quote of :attr:`instruments`."""

    def on_candle(self, candle: Candle) -> None:
        """Called for each complete candle, before the quote that completed it."""

    def on_order(self, order: Order) -> None:
        """Called at each change of one of this strategy's orders."""

    def on_fill(self, fill: Fill) -> None:
        """Called for each execution."""

    def on_pause(self, reason: str) -> None:
        """Called when entries are refused from now on; exits and cancels still work."""

    def on_resume(self) -> None:
        """Called when entries are allowed again."""

    def on_stop(self, reason: str) -> None:
        """Called before the process ends: a few seconds to tidy up."""

    def on_gateway(self, up: bool) -> None:
        """Called when the gateway went away or came back. Then ask for orders and positions."""

    def on_feed(self, state: str) -> None:
        """Called when the feed is ``live``, or ``ended`` (a replay's last quote was seen)."""

    def on_params(self, params: dict[str, Any]) -> None:
        """Called when the manifest's ``[params]`` changed; :attr:`params` holds them already."""

    # What can be done.

    def place(
        self,
        instrument: str,
        side: str,
        units: Number,
        *,
        type: str | None = None,
        price: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        time_in_force: str | None = None,
        reduce_only: bool = False,
        quality: Number | None = None,
        ttl_s: float | None = None,
        tag: str | None = None,
        client_order_id: str | None = None,
        limit_price: Number | None = None,
        distance: Number | None = None,
        expires: datetime | None = None,
        break_even: Number | None = None,
        trail: Number | None = None,
        trail_atr: TrailByRange | None = None,
        momentum: Momentum | None = None,
        max_hold_s: int | None = None,
    ) -> Order:
        """Place an order and wait until the gateway has it in its journal and acted on it.

        ``side`` is ``buy`` or ``sell``; ``units`` positive; ``type`` ``market``, ``limit``,
        ``stop``, ``stop_limit`` (triggered at ``price``, then a limit of ``limit_price``) or
        ``trailing_stop`` (``distance`` behind the market); by default market, or limit when a
        ``price`` is given. An entry must carry ``stop_loss`` and ``take_profit``; an order that
        only reduces is ``reduce_only``. ``time_in_force`` is ``gtc``, ``day``, ``ioc``, ``fok``
        or ``gtd``, which works until ``expires`` (a time with its zone); ``ttl_s`` is how many
        seconds a pending ``gtc`` order lives.

        The gateway looks after the trade that an entry opens, also when this strategy is gone:
        its stop loss moves to the entry price once it gains ``break_even`` per unit, follows the
        market ``trail`` behind or as ``trail_atr`` says (a :class:`~rbot.TrailByRange`), its take
        profit is given up as ``momentum`` says (a :class:`~rbot.Momentum`), and the trade is
        closed after ``max_hold_s`` seconds.

        Raises :class:`~rbot.OrderRefused` (its ``reason`` is a stable word),
        :class:`~rbot.OrderUnknown` when no reply came within 10 s, :class:`~rbot.GatewayDown`
        when nothing could be sent, ``ValueError`` for NaN or infinity.
        """
        return self.session.place(
            OrderRequest(
                instrument,
                side,
                units,
                type=type,
                price=price,
                stop_loss=stop_loss,
                take_profit=take_profit,
                time_in_force=time_in_force,
                reduce_only=reduce_only,
                quality=quality,
                ttl_s=ttl_s,
                tag=tag,
                client_order_id=client_order_id,
                limit_price=limit_price,
                distance=distance,
                expires=expires,
                break_even=break_even,
                trail=trail,
                trail_atr=trail_atr,
                momentum=momentum,
                max_hold_s=max_hold_s,
            )
        )

    def buy(self, instrument: str, units: Number, **more: Any) -> Order:
        """:meth:`place` with side ``buy``; takes the same keywords."""
        return self.place(instrument, "buy", units, **more)

    def sell(self, instrument: str, units: Number, **more: Any) -> Order:
        """:meth:`place` with side ``sell``; takes the same keywords."""
        return self.place(instrument, "sell", units, **more)

    def cancel(self, order_id: str) -> Order:
        """Cancel a working order. Raises as :meth:`place`."""
        return self.session.cancel(order_id)

    def modify(
        self,
        order_id: str,
        *,
        price: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        limit_price: Number | None = None,
        units: Number | None = None,
    ) -> Order:
        """Move a working order or give it other ``units`` (all of its units, what has filled
        included), or move (by a filled entry's id) its stop loss and take profit."""
        return self.session.modify(order_id, price, stop_loss, take_profit, limit_price, units)

    def replace(self, order_id: str, request: OrderRequest) -> Order:
        """Put another order in the place of a working one: the old one is cancelled and the new
        one placed, or the old one stays and the refusal is raised."""
        return self.session.replace(order_id, request)

    def basket(
        self, requests: Sequence[OrderRequest], *, all_or_none: bool = True
    ) -> list[BasketResult]:
        """Place up to 100 orders in one commit, each admitted after those before it took effect.

        With ``all_or_none`` the first refusal refuses them all and is raised; else each result
        has its order or its refusal.
        """
        return self.session.basket(requests, all_or_none)

    def split(self, request: OrderRequest, size: Number) -> list[Order]:
        """Place an order as several of ``size`` units each, all of them or none."""
        return self.session.split(request, size)

    def target(
        self,
        instrument: str,
        units: Number,
        *,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        quality: Number | None = None,
        tag: str | None = None,
        client_order_id: str | None = None,
        break_even: Number | None = None,
        trail: Number | None = None,
        trail_atr: TrailByRange | None = None,
        momentum: Momentum | None = None,
        max_hold_s: int | None = None,
    ) -> TargetResult:
        """Bring the position to ``units`` (negative: short, 0: flat) at the market.

        What is too much is closed, what is missing is opened, and a position on the other side
        is closed first; all of it or nothing. What opens needs ``stop_loss`` and
        ``take_profit``. Working orders are left alone. Raises as :meth:`place`.
        """
        return self.session.target(
            OrderRequest(
                instrument,
                "buy",
                units,
                stop_loss=stop_loss,
                take_profit=take_profit,
                quality=quality,
                tag=tag,
                client_order_id=client_order_id,
                break_even=break_even,
                trail=trail,
                trail_atr=trail_atr,
                momentum=momentum,
                max_hold_s=max_hold_s,
            )
        )

    def cancel_all(self, instrument: str | None = None) -> int:
        """Cancel this strategy's working orders, of one instrument or of all; exits stay.

        Gives how many they were.
        """
        return self.session.cancel_all(instrument)

    def close(self, instrument: str, units: Number | None = None) -> Order | None:
        """Close this strategy's position at the market, or ``units`` of it, the oldest trades
        first; None when it was flat."""
        return self.session.close_position(instrument, units)

    def positions(self) -> list[Position]:
        """What this strategy holds; an instrument without a position is not in it."""
        return self.session.positions()

    def position(self, instrument: str) -> Position | None:
        """The position in one instrument, or None when flat."""
        return next((one for one in self.positions() if one.instrument == instrument), None)

    def orders(self, state: str = "open", limit: int = 100) -> list[Order]:
        """This strategy's orders, newest first; ``state`` is ``open`` or ``all``."""
        return self.session.orders(state, limit)

    def fills(self, limit: int = 100) -> list[Fill]:
        """This strategy's fills, newest first."""
        return self.session.fills(limit)

    def account(self) -> Account:
        """This strategy's own sub-account."""
        return self.session.account()

    def history(self, instrument: str, granularity: str = "M1", count: int = 100) -> list[Candle]:
        """Past candles, oldest first; the last may be incomplete. At most the last 500 exist."""
        return self.session.history(instrument, granularity, count)

    def quote(self, instrument: str) -> Quote:
        """The last quote. Raises :class:`~rbot.OrderRefused` with ``no_quote`` before the first."""
        return self.session.quote(instrument)

    def instrument(self, name: str) -> Instrument:
        """Its precision: ``price_decimals``, ``round_price()`` … ``KeyError`` when unknown."""
        return self.session.instrument(name)

    @property
    def available(self) -> list[str]:
        """The instruments that this feed has, and this strategy may trade."""
        return list(self.session.gateway.instruments)

    def metric(self, name: str, value: float, /, **labels: Any) -> None:
        """Record one sample of a number; shown by ``rbotctl metrics``."""
        self.session.supervisor.metric(name, value, labels)

    def status(self, text: str) -> None:
        """Set the line that ``rbotctl status`` shows for this strategy."""
        self.session.supervisor.status(text)

    @property
    def name(self) -> str:
        """The strategy's name in its manifest."""
        return self.session.name

    @property
    def generation(self) -> int:
        """Which start of this strategy this is; rises at each."""
        return self.session.generation

    @property
    def params(self) -> dict[str, Any]:
        """The manifest's ``[params]``."""
        return self.session.params

    @property
    def paused(self) -> bool:
        """True while entries are refused."""
        return self.session.paused

    @property
    def gateway_up(self) -> bool:
        """True while orders can be placed."""
        return self.session.gateway.up

    # For function mode: how long the loop may wait, and what to do when it did.

    def _idle_s(self) -> float:
        return 1.0

    def _on_idle(self) -> None:
        return None

    @classmethod
    def main(cls) -> None:
        """Run this strategy; for a file that is started with ``python3 FILE``. Never returns."""
        from .start import run_strategy

        raise SystemExit(run_strategy(cls))
