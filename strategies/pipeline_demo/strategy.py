"""A strategy as a row of nodes: a price far from its average is expected to come back."""

from __future__ import annotations

from typing import Any

from rbot import DataFetchNode, ExecutionNode, Pipeline, SignalGenerationNode, log

INSTRUMENTS = ("GBP_USD",)


def revert(context: dict[str, Any]) -> str | None:
    """Buy two spreads below the average of the last prices, sell as far above it."""
    history = context["history"]
    if len(history) < 20:
        return None
    distance = context["mid"] - sum(history) / len(history)
    if abs(distance) < 2 * context["quote"]["spread"]:
        return None
    return "sell" if distance > 0 else "buy"


pipeline = Pipeline(
    [
        DataFetchNode("GBP_USD", keep=60),
        SignalGenerationNode(revert),
        ExecutionNode(units=1000, stop="0.0010", target="0.0010"),
    ]
)


def run() -> None:
    """One pass through the nodes."""
    context = pipeline.execute()
    if "result" in context:
        log(f"{context['signal']}: {context['result']['state']}")
