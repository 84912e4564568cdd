"""The gateway looks after a trade by itself: when its strategy is gone, and after it was killed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from daemon import eventually
from test_square_off import ENTRY, running

START = 1_504_396_800_000


def recording(home: Path) -> str:
    """Two seconds of calm, two of a rise by two cents, six of calm, and a fall."""
    lines = ["ts_ms,instrument,bid,ask"]
    for step in range(0, 60_000, 20):
        rise = 0 if step >= 10_000 else min(max(step - 2_000, 0), 2_000) // 20
        bid = 11_000 + 2 * rise
        lines.append(f"{START + step},EUR_USD,{bid / 10_000},{(bid + 1) / 10_000}")
    (home / "quotes.csv").write_text("\n".join(lines) + "\n")
    return f"replay:{home}/quotes.csv@2"


def test_a_stop_loss_follows_the_market_through_a_kill_and_closes_the_trade(tmp_path: Path) -> None:
    home = Path("/tmp") / f"rbtm{os.getpid()}-{tmp_path.name[-4:]}"
    home.mkdir(mode=0o700)
    with running(home, recording(home)) as gateway:
        gateway.start()
        trader = gateway.trader()
        wish = {**ENTRY, "trail": "0.005", "max_hold_s": 3_600}
        placed = eventually(
            "a quote",
            lambda: one if (one := trader.call("order.place", **wish)) != "no_quote" else None,
        )
        assert placed["order"]["trail"] == "0.00500"

        def stop() -> dict[str, Any]:
            orders = gateway.link.call("orders", state="all")["orders"]
            found: dict[str, Any] = next(one for one in orders if one["role"] == "stop_loss")
            return found

        eventually("the stop loss is behind the top", lambda: stop()["price"] == "1.11500")
        trader.close()
        gateway.link.call("worker.gone", strategy="bot", generation=1, policy="keep")
        gateway.kill()

        gateway.start(workers=False, held=True)
        assert (stop()["price"], stop()["state"]) == ("1.11500", "accepted")
        gateway.link.call("feed.start")
        eventually("the trade is closed", lambda: not gateway.positions())
        assert stop()["state"] == "filled"
        fills = gateway.link.call("fills")["fills"]
        assert [(one["role"], one["price"]) for one in fills] == [
            ("stop_loss", "1.10000"),
            ("entry", "1.10010"),
        ]
