"""Logging as a strategy writes it."""

from __future__ import annotations

from typing import Any

from .supervisor import Supervisor


class Log:
    """Callable: ``log("text", key=value)``; the keywords become fields of the log line.

    It never blocks: when the supervisor falls behind, the oldest lines are dropped and counted.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def __call__(self, message: object, /, **fields: Any) -> None:
        """Log at level ``info``."""
        self._supervisor.log("info", str(message), fields)

    def debug(self, message: object, /, **fields: Any) -> None:
        """Log at level ``debug``."""
        self._supervisor.log("debug", str(message), fields)

    def info(self, message: object, /, **fields: Any) -> None:
        """Log at level ``info``."""
        self._supervisor.log("info", str(message), fields)

    def warning(self, message: object, /, **fields: Any) -> None:
        """Log at level ``warning``."""
        self._supervisor.log("warning", str(message), fields)

    def error(self, message: object, /, **fields: Any) -> None:
        """Log at level ``error``."""
        self._supervisor.log("error", str(message), fields)

    def critical(self, message: object, /, **fields: Any) -> None:
        """Log at level ``critical``."""
        self._supervisor.log("critical", str(message), fields)
