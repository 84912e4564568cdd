"""Momentum with ATR stops: when the price has moved far for its recent range, follow it."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from rbot import ATR, Fill, Quote, Strategy


class Market:
    """What is known of one instrument: its recent bars, and whether something is held."""

    def __init__(self, bar_quotes: int, lookback: int) -> None:
        self.bar_quotes = bar_quotes
        self.mids: list[float] = []
        self.closes: deque[float] = deque(maxlen=lookback + 1)
        self.atr = ATR(lookback)
        self.held = Decimal(0)
        self.bars = 0
        self.entered_at = 0
        self.rest_until = 0

    def add(self, mid: float) -> bool:
        """Take a price; True when it completes a bar."""
        self.mids.append(mid)
        if len(self.mids) < self.bar_quotes:
            return False
        self.atr.update(max(self.mids), min(self.mids), mid)
        self.closes.append(mid)
        self.mids.clear()
        self.bars += 1
        return True

    def momentum(self) -> float:
        """The move over the lookback in ATR; zero while there are too few bars."""
        size = self.atr.value
        if not size or len(self.closes) < (self.closes.maxlen or 0):
            return 0.0
        return (self.closes[-1] - self.closes[0]) / size


class MomentumSniper(Strategy):
    """Holds at most one position per instrument, always with a stop loss and a take profit."""

    def on_start(self) -> None:
        wanted = self.params.get("instruments", ["EUR_USD"])
        self.instruments = [name for name in wanted if name in self.available]
        self.threshold = float(self.params.get("threshold", 1.2))
        self.stop_atr = float(self.params.get("stop_atr", 2.0))
        self.target_atr = float(self.params.get("target_atr", 3.0))
        self.hold_bars = int(self.params.get("hold_bars", 120))
        self.notional = Decimal(str(self.params.get("notional", 1000)))
        bar_quotes = int(self.params.get("bar_quotes", 5))
        lookback = int(self.params.get("lookback", 6))
        self.markets = {name: Market(bar_quotes, lookback) for name in self.instruments}
        self.recount()
        if self.instruments:
            self.log("watching " + ", ".join(self.instruments))
        else:
            self.log.warning(f"this feed has none of {', '.join(wanted)}: nothing to do")

    def recount(self) -> None:
        """Ask what is held: after a start, and after the gateway was away."""
        held = {one.instrument: one.units for one in self.positions()}
        for name, market in self.markets.items():
            market.held = held.get(name, Decimal(0))

    def on_gateway(self, up: bool) -> None:
        if up:
            self.recount()

    def on_quote(self, quote: Quote) -> None:
        market = self.markets[quote.instrument]
        if not market.add(float(quote.mid)):
            return
        if market.held:
            if market.bars - market.entered_at > self.hold_bars:
                self.log(f"{quote.instrument} held for {self.hold_bars} bars: closing")
                self.close(quote.instrument)
            return
        momentum = market.momentum()
        self.metric("momentum", momentum, instrument=quote.instrument)
        if abs(momentum) >= self.threshold and market.bars >= market.rest_until:
            self.enter(market, quote, momentum)

    def enter(self, market: Market, quote: Quote, momentum: float) -> None:
        """Follow the move at the market."""
        if self.paused:
            return
        instrument = self.instrument(quote.instrument)
        way = 1 if momentum > 0 else -1
        entry = quote.ask if way > 0 else quote.bid
        # The spread is paid at once: both exits are measured from beyond it.
        size = Decimal(repr(market.atr.value)) + quote.spread
        stop = instrument.round_price(entry - way * size * Decimal(repr(self.stop_atr)))
        target = instrument.round_price(entry + way * size * Decimal(repr(self.target_atr)))
        units = max(instrument.round_units(self.notional / entry), instrument.min_units)
        market.rest_until = market.bars + 4
        order = self.place(
            quote.instrument,
            "buy" if way > 0 else "sell",
            units,
            stop_loss=stop,
            take_profit=target,
            tag="momentum",
        )
        market.entered_at = market.bars
        self.log(
            f"{order.side} {order.units} {quote.instrument} at {order.average_price}",
            momentum=round(momentum, 2),
            stop_loss=stop,
            take_profit=target,
        )

    def on_fill(self, fill: Fill) -> None:
        market = self.markets.get(fill.instrument)
        if market is None:
            return
        signed = fill.units if fill.side == "buy" else -fill.units
        # One entry at a time, so the role alone says what is held; adding up could count a fill
        # twice that recount() has seen already.
        market.held = signed if fill.role == "entry" else Decimal(0)
        if not market.held:
            market.rest_until = market.bars + 4
            self.metric("realised", float(fill.realised), instrument=fill.instrument)
            self.log(f"{fill.instrument} out by {fill.role} at {fill.price}: {fill.realised}")
