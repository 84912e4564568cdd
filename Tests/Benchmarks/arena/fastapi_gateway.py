"""A gateway as a trader would write it in an afternoon: FastAPI, orders in a dict, for the comparison.

It does the job of `POST /orders`: token and PIN, the order's shape, stop loss and take profit on the right sides, a
fill at the quote, an answer. With a second argument each order is also one SQLite transaction on the disk.

    fastapi_gateway.py PORT [DATABASE]
"""

from __future__ import annotations

import hmac
import itertools
import json
import sqlite3
import sys
import time
from decimal import Decimal
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

BID, ASK = Decimal("1.16550"), Decimal("1.16562")
TOKEN, PIN = "bench", "246810"


class NewOrder(BaseModel):
    """The body of `POST /orders`."""

    symbol: str
    side: Literal["buy", "sell"]
    qty: Annotated[Decimal, Field(gt=0)]
    sl: Decimal
    tp: Decimal
    pin: str


app = FastAPI()
numbers = itertools.count(1)
orders: dict[str, dict[str, Any]] = {}
database: sqlite3.Connection | None = None


def store(order: dict[str, Any]) -> None:
    if database is None:
        return
    database.execute("INSERT INTO orders VALUES (?, ?)", (order["id"], json.dumps(order)))
    database.commit()


@app.post("/orders")
async def place(order: NewOrder, authorization: Annotated[str, Header()]) -> dict[str, Any]:
    if not hmac.compare_digest(authorization, f"Bearer {TOKEN}"):
        raise HTTPException(401, "unauthorized")
    if not hmac.compare_digest(order.pin, PIN):
        raise HTTPException(403, "pin_wrong")
    is_buy = order.side == "buy"
    price = ASK if is_buy else BID
    if not (order.sl < price < order.tp if is_buy else order.tp < price < order.sl):
        raise HTTPException(422, "oco_required")
    kept = {
        "id": f"paper-{next(numbers)}",
        "symbol": order.symbol,
        "side": order.side,
        "qty": str(order.qty),
        "sl": str(order.sl),
        "tp": str(order.tp),
        "price": str(price),
        "status": "FILLED",
        "time": time.time(),
    }
    orders[kept["id"]] = kept
    store(kept)
    return {"ok": True, "order_id": kept["id"], "status": "FILLED", "mode": "paper", "order": kept}


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}


if __name__ == "__main__":
    if len(sys.argv) > 2:
        database = sqlite3.connect(sys.argv[2])
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE orders (id TEXT PRIMARY KEY, body TEXT)")
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
