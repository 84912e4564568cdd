"""What can go wrong, as types: every error of the SDK is an :class:`RbotError`."""

from __future__ import annotations


class RbotError(Exception):
    """The root of the SDK's errors; ``str()`` of one is a sentence for a person."""


class SetupError(RbotError):
    """The strategy cannot be started as it is (a missing file, function or variable)."""


class ProtocolError(RbotError):
    """A peer sent something that the protocol does not allow."""


class GatewayDown(RbotError):
    """The gateway is not reachable now. The SDK reconnects by itself; ask again later."""


class RequestFailed(RbotError):
    """A request was answered with an error.

    ``code`` is the JSON-RPC code, ``reason`` the stable word of ``data.reason`` (may be empty).
    """

    def __init__(self, code: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason


class OrderRefused(RequestFailed):
    """The gateway refused an order; ``reason`` says why (``oco_required``, ``trading_paused`` …)."""


class OrderUnknown(RbotError):
    """No reply to an order came in time: it may be working, or may never have arrived.

    Asking again with the same ``client_order_id`` is safe, the gateway never places it twice.
    """

    def __init__(self, client_order_id: str, message: str) -> None:
        super().__init__(message)
        self.client_order_id = client_order_id


class BrokerUnknown(RbotError):
    """``get_broker`` was asked for a broker that this strategy does not have."""
