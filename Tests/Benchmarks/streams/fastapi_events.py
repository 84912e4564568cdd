"""Server-sent events as one would write them with FastAPI: a queue for each client, and a task that fills them.

fastapi_events.py PORT CLIENTS EVENTS: begins a second after so many clients are there.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timezone

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

PORT, CLIENTS, EVENTS = (int(word) for word in sys.argv[1:4])
app = FastAPI()
queues: list[asyncio.Queue[str]] = []
publishers: list[asyncio.Task[None]] = []


async def publish() -> None:
    await asyncio.sleep(1)
    for number in range(1, EVENTS + 1):
        event = {
            "source": "paper",
            "type": "order_filled",
            "payload": {"order_id": f"paper-{number}", "instrument": "EUR_USD", "units": 1000},
            "ts": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
        }
        text = f"\nid: {number}\ndata: {json.dumps(event, separators=(',', ':'))}\n"
        for queue in queues:
            await queue.put(text)
        await asyncio.sleep(0)


async def read(queue: asyncio.Queue[str]) -> AsyncIterator[str]:
    yield ": hello\n"
    while True:
        yield await queue.get()


@app.get("/events")
async def events() -> StreamingResponse:
    queue: asyncio.Queue[str] = asyncio.Queue(1_000)
    queues.append(queue)
    if len(queues) == CLIENTS:
        publishers.append(asyncio.create_task(publish()))
    return StreamingResponse(read(queue), media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="critical")
