"""``python3 -m rbot check FILE…``: what keeps a strategy's file from running, found without running it."""

from __future__ import annotations

import ast
import builtins
import difflib
import importlib.util
import io
import json
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .strategy import Strategy

CALLBACKS = sorted(name for name in vars(Strategy) if name.startswith("on_"))
"""What the SDK calls of a Strategy class."""


@dataclass
class Finding:
    """One sentence about one place of a file; line and column count from 1."""

    line: int
    column: int
    message: str


@dataclass
class Report:
    """What is known of a file."""

    file: str
    kind: str | None = None
    """``class``, ``function``, or None where neither was found."""
    name: str | None = None
    """The class's name."""
    local: list[str] = field(default_factory=list)
    """Modules that it imports and that lie beside it."""
    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def error(self, line: int, column: int, message: str) -> None:
        """Note what keeps it from running."""
        self.errors.append(Finding(line, column, message))

    def warn(self, node: ast.stmt, message: str) -> None:
        """Note what is probably not meant."""
        self.warnings.append(Finding(node.lineno, node.col_offset + 1, message))


def check_file(path: str, program: bool = False) -> Report:
    """Look a file over. A ``program`` of its own needs neither ``run()`` nor a Strategy class."""
    report = Report(path)
    tree = _parse(path, report)
    if tree is None:
        return report
    _check_imports(path, tree, report)
    found = _Names(tree)
    if not program:
        _check_entry(path, found, report)
    for kind in found.strategies():
        _check_callbacks(kind, report)
    report.errors.sort(key=lambda one: one.line)
    report.warnings.sort(key=lambda one: one.line)
    return report


def _parse(path: str, report: Report) -> ast.Module | None:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        report.error(0, 0, f"cannot be read: {error.strerror}")
        return None
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        report.error(_undecodable_line(data), 1, "is not UTF-8 text")
        return None
    try:
        return ast.parse(text, path)
    except SyntaxError as error:
        report.error(error.lineno or 1, error.offset or 1, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        report.error(1, 1, f"cannot be read as Python: {error}")
    return None


def _undecodable_line(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 1


class _Names:
    """The names that a module's own statements bind, outside of functions and classes."""

    def __init__(self, tree: ast.Module) -> None:
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.modules: set[str] = set()
        self.bases: set[str] = set()
        self.bound: set[str] = set()
        """Names whose value cannot be told from here: imported or assigned."""
        for node in _statements(tree.body):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.functions[node.name] = node
            elif isinstance(node, ast.ClassDef):
                self.classes[node.name] = node
            elif isinstance(node, ast.Import):
                for one in node.names:
                    (self.modules if one.name == "rbot" else self.bound).add(one.asname or one.name)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self.bound.update(
                        one.id for one in ast.walk(target) if isinstance(one, ast.Name)
                    )
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.bound.add(node.target.id)

    def _import_from(self, node: ast.ImportFrom) -> None:
        for one in node.names:
            name = one.asname or one.name
            is_base = node.module in ("rbot", "rbot.strategy") and one.name == "Strategy"
            (self.bases if is_base else self.bound).add(name)

    def strategies(self) -> list[ast.ClassDef]:
        """The Strategy classes that no other one builds upon."""
        kinds = [one for one in self.classes.values() if self._is_strategy(one, set())]
        built_upon = {base for one in kinds for base in map(_base_name, one.bases)}
        return [one for one in kinds if one.name not in built_upon]

    def _is_strategy(self, kind: ast.ClassDef, seen: set[str]) -> bool:
        for base in kind.bases:
            name = _base_name(base)
            if name in self.bases:
                return True
            module, _, last = name.rpartition(".")
            if module in self.modules and last == "Strategy":
                return True
            if name in self.classes and name not in seen:
                if self._is_strategy(self.classes[name], seen | {name}):
                    return True
        return False

    def unsure(self) -> bool:
        """Whether something of another module could be what is looked for."""
        bases = {_base_name(base) for one in self.classes.values() for base in one.bases}
        known = set(dir(builtins)) | set(self.classes)
        foreign = {name for name in bases if name.split(".")[0] not in known}
        return "run" in self.bound or "*" in self.bound or bool(foreign)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported, those in ``if`` and ``try`` too."""
    for node in body:
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for part in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body)


def _base_name(base: ast.expr) -> str:
    if isinstance(base, ast.Subscript):
        return _base_name(base.value)
    if isinstance(base, ast.Attribute):
        return f"{_base_name(base.value)}.{base.attr}"
    return base.id if isinstance(base, ast.Name) else ""


def _check_entry(path: str, found: _Names, report: Report) -> None:
    """The same choice as the loader's, made without importing."""
    kinds = found.strategies()
    if len(kinds) > 1:
        names = ", ".join(sorted(one.name for one in kinds))
        report.error(kinds[1].lineno, 1, f"has several Strategy classes ({names}): keep one")
    elif kinds:
        report.kind, report.name = "class", kinds[0].name
    elif "run" in found.functions:
        report.kind = "function"
        _check_run(found.functions["run"], report)
    elif found.unsure():
        report.kind = "function" if "run" in found.bound else "class"
    else:
        report.error(1, 1, "has neither a run() function nor a Strategy class: define one of them")


def _check_run(node: ast.FunctionDef | ast.AsyncFunctionDef, report: Report) -> None:
    column = node.col_offset + 1
    if isinstance(node, ast.AsyncFunctionDef):
        report.error(node.lineno, column, "run() must not be async: nobody would await it")
    given = node.args
    required = len(given.posonlyargs) + len(given.args) - len(given.defaults)
    required += sum(default is None for default in given.kw_defaults)
    if required > 0:
        report.error(node.lineno, column, "run() is called without arguments and must need none")


def _check_callbacks(kind: ast.ClassDef, report: Report) -> None:
    for node in kind.body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name in CALLBACKS:
            report.error(
                node.lineno,
                node.col_offset + 1,
                f"{node.name}() must not be async: nobody would await it",
            )
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if node.name.startswith("on_") and node.name not in CALLBACKS:
            near = difflib.get_close_matches(node.name, CALLBACKS, 1, 0.6)
            hint = f"did you mean {near[0]}()?" if near else f"called are {', '.join(CALLBACKS)}"
            report.warn(node, f"nothing calls {node.name}(); {hint}")


def _check_imports(path: str, tree: ast.Module, report: Report) -> None:
    folder = Path(path).resolve().parent
    for node in _statements(tree.body):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        else:
            continue
        for name in sorted({name.split(".")[0] for name in names}):
            if (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file():
                if name != "rbot" and name not in report.local:
                    report.local.append(name)
            elif not _is_installed(name):
                report.warn(node, f"there is no module {name} for {sys.executable}")


def _is_installed(name: str) -> bool:
    try:
        return name in sys.builtin_module_names or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return True


def main(words: list[str]) -> int:
    """Check the files that the command line names. 0: nothing is wrong, 1: something is, 2: usage."""
    flags = [word for word in words if word.startswith("-")]
    files = [word for word in words if not word.startswith("-")]
    if not files or not set(flags) <= {"--json", "--program"}:
        print("usage: python3 -m rbot check [--json] [--program] FILE.py …", file=sys.stderr)
        return 2
    reports = [check_file(file, "--program" in flags) for file in files]
    if "--json" in flags:
        print(json.dumps([asdict(one) for one in reports]))
    else:
        for report in reports:
            for one in report.errors:
                print(_text(report.file, one))
            for one in report.warnings:
                print(_text(report.file, one, "warning: "))
    return int(any(one.errors for one in reports))


def _text(file: str, finding: Finding, label: str = "") -> str:
    place = f":{finding.line}" if finding.line else ""
    return f"{file}{place}: {label}{finding.message}"
