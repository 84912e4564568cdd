"""rbot: write trading strategies that rbotd supervises.

Three ways, from the simplest: a file with ``run()`` that uses :func:`get_broker`; a
:class:`Pipeline` of nodes; a :class:`Strategy` class. All prices, quantities and money are
``decimal.Decimal``.
"""

from __future__ import annotations

from .broker import Broker, QuoteStream, get_broker
from .current import log, metric, params
from .decimals import Number, to_decimal
from .errors import (
    BrokerUnknown,
    GatewayDown,
    OrderRefused,
    OrderUnknown,
    ProtocolError,
    RbotError,
    RequestFailed,
    SetupError,
)
from .indicators import ATR, EMA, RSI, SMA
from .model import Account, Candle, Fill, Instrument, Order, Position, Quote
from .orders import BasketResult, Momentum, OrderRequest, TargetResult, TrailByRange
from .pipeline import (
    DataFetchNode,
    ExecutionNode,
    Node,
    Pipeline,
    SignalGenerationNode,
    SignalNode,
)
from .strategy import Strategy

__version__ = "0.1.0"

__all__ = [
    "ATR",
    "EMA",
    "RSI",
    "SMA",
    "Account",
    "BasketResult",
    "Broker",
    "BrokerUnknown",
    "Candle",
    "DataFetchNode",
    "ExecutionNode",
    "Fill",
    "GatewayDown",
    "Instrument",
    "Momentum",
    "Node",
    "Number",
    "Order",
    "OrderRefused",
    "OrderRequest",
    "OrderUnknown",
    "Pipeline",
    "Position",
    "ProtocolError",
    "Quote",
    "QuoteStream",
    "RbotError",
    "RequestFailed",
    "SetupError",
    "SignalGenerationNode",
    "SignalNode",
    "Strategy",
    "TargetResult",
    "TrailByRange",
    "get_broker",
    "log",
    "metric",
    "params",
    "to_decimal",
]
