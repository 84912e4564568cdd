"""A grid: limit orders below and above the price. The simplest form of a strategy, ``run()``."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rbot import get_broker, log, metric, params

RUN_EVERY = 2.0
"""Seconds of market time between two calls of run()."""

centres: dict[str, Decimal] = {}
"""The price that each instrument's grid was laid around."""


def run() -> None:
    """Look after the grid of each instrument."""
    broker = get_broker("paper")
    held = {one["instrument"]: one["quantity"] for one in broker.get_open_positions()}
    orders = broker.get_open_orders()
    for instrument in params().get("instruments", ["EUR_USD"]):
        if instrument not in broker.instruments():
            continue
        quote = broker.get_quote(instrument)
        if quote is not None:
            rungs = [
                one for one in orders if one["instrument"] == instrument and one["role"] == "entry"
            ]
            tend(broker, quote, held.get(instrument, Decimal(0)), rungs)


def tend(broker: Any, quote: dict[str, Any], held: Decimal, rungs: list[dict[str, Any]]) -> None:
    """Keep one instrument's grid around the price: at most ``levels`` rungs on each side.

    With a position, only rungs that would add to it stay; its exits are the gateway's (each
    filled rung has a stop loss and a take profit of its own).
    """
    instrument = quote["instrument"]
    levels = int(params().get("levels", 3))
    units = Decimal(str(params().get("units", "1000")))
    step = step_of(broker, quote)
    mid = quote["mid"]
    sides = {"buy", "sell"} if not held else {"buy"} if held > 0 else {"sell"}
    moved = abs(mid - centres.get(instrument, mid)) > 2 * step
    stale = [one for one in rungs if one["side"] not in sides or (moved and not held)]
    for one in stale:
        broker.cancel_order(one["order_id"])
    rungs = [one for one in rungs if one not in stale]
    metric("grid_rungs", len(rungs), instrument=instrument)
    if held or rungs or broker.is_paused():
        return
    centres[instrument] = mid
    placed = sum(
        lay(broker, instrument, side, mid, level * step, step, units)
        for level in range(1, levels + 1)
        for side in ("buy", "sell")
    )
    log(f"{instrument}: {placed} rungs around {mid}, {step} apart", level="debug")


def lay(
    broker: Any,
    instrument: str,
    side: str,
    mid: Decimal,
    distance: Decimal,
    step: Decimal,
    units: Decimal,
) -> int:
    """Place one rung; 1 when it was accepted."""
    way = 1 if side == "buy" else -1
    tick = broker.instrument(instrument)
    price = tick.round_price(mid - way * distance)
    stop = step * int(params().get("stop_steps", 4))
    target = step * int(params().get("target_steps", 2))
    result = broker.place_order(
        instrument,
        side,
        units,
        limit_price=price,
        stop_loss=tick.round_price(price - way * stop),
        take_profit=tick.round_price(price + way * target),
        tag="grid",
    )
    return int(result["success"])


def step_of(broker: Any, quote: dict[str, Any]) -> Decimal:
    """The distance between rungs: as configured, but never less than the spread."""
    # A pip is ten of the finest price steps for the currencies that this grid is for.
    pip = broker.instrument(quote["instrument"]).tick * 10
    wanted: Decimal = pip * Decimal(str(params().get("step_pips", 1.0)))
    spread: Decimal = quote["spread"]
    return max(wanted, spread)
