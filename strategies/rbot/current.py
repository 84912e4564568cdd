"""For code without a Strategy object: the session of this process."""

from __future__ import annotations

from typing import Any

from .errors import SetupError
from .session import Session

_session: Session | None = None


def set_session(session: Session | None) -> None:
    """Make ``session`` the one that :func:`log`, :func:`metric` and ``get_broker`` use."""
    global _session
    _session = session


def session() -> Session:
    """The session of this process. Raises :class:`SetupError` outside a running strategy."""
    if _session is None:
        raise SetupError(
            "no strategy is running: call this from run() or a Strategy, not on import"
        )
    return _session


def log(message: object, /, level: str = "info", **fields: Any) -> None:
    """Log a line; ``level`` is debug, info, warning, error or critical."""
    session().supervisor.log(level, str(message), fields)


def metric(name: str, value: float, /, **labels: Any) -> None:
    """Record one sample of a number."""
    session().supervisor.metric(name, value, labels)


def params() -> dict[str, Any]:
    """The manifest's ``[params]``."""
    return session().params
