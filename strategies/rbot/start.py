"""From a started process to a running strategy."""

from __future__ import annotations

import sys
import traceback
from typing import Callable

from . import current
from .engine import Engine
from .errors import SetupError
from .loader import Factory, LoadFailed, load
from .session import Session
from .strategy import Strategy

BAD_STRATEGY = 2
"""The exit status of a strategy that cannot be started as it is."""


def run_file(path: str) -> int:
    """Load a strategy's file and run it. The process's exit status."""
    return _run(lambda: load(path))


def run_strategy(kind: type[Strategy]) -> int:
    """Run a Strategy class. The process's exit status."""
    return _run(lambda: kind)


def _run(find: Callable[[], Factory]) -> int:
    try:
        session = Session.open()
    except SetupError as error:
        print(error, file=sys.stderr, flush=True)
        # The file's own fault is said too: it is what a person can mend without rbotd.
        try:
            find()
        except SetupError as fault:
            print(fault, file=sys.stderr, flush=True)
        return BAD_STRATEGY
    current.set_session(session)
    try:
        return Engine(session, find()(session)).run()
    except LoadFailed as error:
        session.supervisor.log("error", error.detail.rstrip())
        return _refuse(session, str(error))
    except SetupError as error:
        return _refuse(session, str(error))
    except Exception as error:
        session.supervisor.log("error", traceback.format_exc().rstrip())
        return _refuse(session, f"the strategy cannot be made: {type(error).__name__}: {error}")
    finally:
        current.set_session(None)
        session.close()


def _refuse(session: Session, sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    session.supervisor.log("error", sentence)
    return BAD_STRATEGY
