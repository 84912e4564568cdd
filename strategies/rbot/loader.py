"""Finds out what a strategy's file holds: a Strategy class, a ``run()`` function, or neither."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Callable

from .errors import SetupError
from .function import FunctionStrategy
from .session import Session
from .strategy import Strategy

MODULE = "rbot_strategy"
"""The name under which the file is imported: never one that the file itself could import."""

Factory = Callable[[Session], Strategy]


class LoadFailed(SetupError):
    """The file could not be loaded; ``detail`` is the traceback."""

    def __init__(self, message: str, detail: str) -> None:
        super().__init__(message)
        self.detail = detail


def load(path: str) -> Factory:
    """Import the file and say how to make its strategy.

    Raises :class:`LoadFailed` when importing fails, :class:`SetupError` when there is nothing to
    run or more than one choice.
    """
    module = _import(path)
    found = [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Strategy) and one.__module__ == MODULE
    ]
    # A class that another one in the file builds upon is only a base.
    leaves = [one for one in found if not any(one in other.__mro__[1:] for other in found)]
    names = sorted({one.__name__ for one in leaves})
    if len(names) > 1:
        raise SetupError(f"{path} has several Strategy classes ({', '.join(names)}): keep one")
    if leaves:
        return leaves[0]
    if callable(getattr(module, "run", None)):
        return lambda session: FunctionStrategy(session, module)
    raise SetupError(
        f"{path} has neither a run() function nor a Strategy class: define one of them"
    )


def _import(path: str) -> ModuleType:
    file = Path(path)
    if not file.is_file():
        raise SetupError(f"{path} does not exist in {Path.cwd()}")
    spec = importlib.util.spec_from_file_location(MODULE, file.resolve())
    if spec is None or spec.loader is None:
        raise SetupError(f"{path} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    folder = str(file.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        where = Path(error.filename).name if error.filename else path
        raise LoadFailed(
            f"{path} cannot be loaded: {where}, line {error.lineno}: {error.msg}",
            traceback.format_exc(limit=0),
        ) from None
    except Exception as error:
        raise LoadFailed(
            f"{path} cannot be loaded: {_where(error, path)}: {type(error).__name__}: {error}",
            traceback.format_exc(),
        ) from None
    return module


def _where(error: Exception, path: str) -> str:
    """The deepest line of the strategy's own folder that the error passed through."""
    folder = Path(path).resolve().parent
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == folder]
    frame = (own or frames)[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"
