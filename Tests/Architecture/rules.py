"""The rules of the house. Each takes what it looks at and returns sentences, one for each breach."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import swift_text

LINES_MAX = 400
COMPOSITION_ROOT_LINES_MAX = 150
# How far above a marked line its reason may end.
REASON_LINES_ABOVE = 3

_FORCE = re.compile(r"(?<=[\w)\]}\"`?])!(?![=])")
_UNPROVEN = re.compile(r"@unchecked\b|\bnonisolated\(unsafe\)|\bunsafeBitCast\b|\bunsafeDowncast\b")
_VAGUE = re.compile(
    r"(?:^|[a-z0-9_+-])(?:Util(?:s|ity|ities)?|Helpers?|Common|Manager)(?:$|[A-Z_+.-])"
)
_VAGUE_LOWER = re.compile(r"(?:^|[_+-])(?:utils?|utilities|helpers?|common|managers?)(?:$|[_+.-])")
_WITNESSES = {"hash", "encode", "callAsFunction", "makeIterator", "next"}


@dataclass(frozen=True)
class Source:
    """A file: its path from the root with slashes, and its text."""

    path: str
    text: str

    @property
    def swift(self) -> swift_text.SwiftText:
        """Its code and comments apart."""
        return swift_text.read(self.text)


@dataclass(frozen=True)
class Module:
    """A target of the package: where it lies, its kind, what it depends on."""

    name: str
    path: str
    kind: str
    dependencies: tuple[str, ...] = ()

    @property
    def process(self) -> str:
        """The process whose code it is: the folder under Sources or Tests; examples are workers."""
        parts = PurePosixPath(self.path).parts
        return "Worker" if parts[0] == "strategies" else parts[1]

    @property
    def is_test(self) -> bool:
        """Whether it only tests the house, or measures it."""
        return self.path.startswith("Tests/")


@dataclass(frozen=True)
class Table:
    """modules.toml."""

    allowed: Mapping[str, list[str]]
    system: frozenset[str] = frozenset()
    pure: frozenset[str] = frozenset()
    packages: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Table:
        """Read the parsed file."""
        system = data["system"]
        return cls(
            data["modules"],
            frozenset(system["modules"]),
            frozenset(system["pure"]),
            data["packages"],
        )


def modules(package: Mapping[str, Any]) -> list[Module]:
    """Read what ``swift package dump-package`` prints."""
    found = []
    for target in package["targets"]:
        names = [next(iter(kind.values()))[0] for kind in target["dependencies"]]
        found.append(Module(target["name"], target["path"], target["type"], tuple(names)))
    return found


# Modules


def arrows_point_downward(table: Table) -> list[str]:
    """Hold modules.toml itself to its order."""
    lines = list(table.allowed)
    breaches = []
    for row, (module, targets) in enumerate(table.allowed.items()):
        for target in targets:
            if target in lines[row:]:
                breaches.append(
                    f"modules.toml: {module} imports {target}, which does not stand above it"
                )
    return breaches


def processes_stay_apart(modules: Iterable[Module]) -> list[str]:
    """Let a module depend on its own process and on Shared, which knows no process.

    Tests of one process are held to it too; those of the whole (integration, benchmarks) may know all.
    """
    modules = list(modules)
    homes = {module.name: module.process for module in modules}
    inside = {module.process for module in modules if not module.is_test}
    return [
        f"{module.name} ({module.process}) depends on {target} ({homes[target]})"
        for module in modules
        if module.process in inside
        for target in module.dependencies
        if target in homes and homes[target] not in ("Shared", module.process)
    ]


def manifest_follows_table(modules: Iterable[Module], table: Table) -> list[str]:
    """Let Package.swift name no dependency that modules.toml does not allow."""
    breaches = []
    for module in modules:
        if module.is_test:
            continue
        if module.name not in table.allowed:
            breaches.append(f"{module.name} has no line in modules.toml")
            continue
        for target in module.dependencies:
            if target not in table.allowed[module.name]:
                breaches.append(f"Package.swift: {module.name} may not depend on {target}")
    return breaches


def imports_follow_table(module: Module, sources: Iterable[Source], table: Table) -> list[str]:
    """Let a module's sources import what its line allows, and the platform unless the module is pure."""
    allowed = set(table.allowed.get(module.name, ()))
    if module.name not in table.pure:
        allowed |= table.system
    return [
        f"{source.path}:{line}: {module.name} may not import {target}"
        for source in sources
        for line, target in swift_text.imports(source.swift)
        if target not in allowed
    ]


def imports_are_declared(module: Module, sources: Iterable[Source], table: Table) -> list[str]:
    """Let sources import only what Package.swift declares; what is built by chance may not be next time."""
    declared = {*module.dependencies, *table.system, "Testing"}
    return [
        f"{source.path}:{line}: Package.swift does not say that {module.name} depends on {target}"
        for source in sources
        for line, target in swift_text.imports(source.swift)
        if target not in declared
    ]


def packages_stay_home(table: Table) -> list[str]:
    """Let each kept package be allowed in its own modules alone."""
    return [
        f"modules.toml: {module} imports {package}, which belongs to {', '.join(homes)}"
        for package, homes in table.packages.items()
        for module, targets in table.allowed.items()
        if package in targets and module not in homes
    ]


def composition_root_is_small(module: Module, sources: Iterable[Source]) -> list[str]:
    """Let a program's own folder only put parts together."""
    lines = sum(source.text.count("\n") for source in sources)
    if lines <= COMPOSITION_ROOT_LINES_MAX:
        return []
    return [
        f"{module.path}: {lines} lines; a composition root has at most {COMPOSITION_ROOT_LINES_MAX}"
    ]


# Sources


def no_force(source: Source) -> list[str]:
    """Forbid ``try!``, ``as!``, ``x!`` and implicitly unwrapped types: each is a crash that waits."""
    code = source.swift.code
    return [
        f"{source.path}:{swift_text.line_of(code, found.start())}: force unwrap, try!, as! or an "
        "implicitly unwrapped type"
        for found in _FORCE.finditer(code)
    ]


def claims_are_proven(source: Source) -> list[str]:
    """Ask for a comment, right above or on the line, where the compiler's checks are switched off."""
    text = source.swift
    comments = text.comments.split("\n")
    breaches = []
    for found in _UNPROVEN.finditer(text.code):
        line = swift_text.line_of(text.code, found.start())
        near = comments[max(0, line - 1 - REASON_LINES_ABOVE) : line]
        if not any(comment.strip(" /*") for comment in near):
            breaches.append(f"{source.path}:{line}: {found[0]} without a comment that proves it")
    return breaches


def file_is_short(source: Source) -> list[str]:
    """Keep files readable in one sitting."""
    lines = source.text.count("\n")
    if lines <= LINES_MAX:
        return []
    return [f"{source.path}: {lines} lines, at most {LINES_MAX}; it is two files"]


def names_say_something(source: Source) -> list[str]:
    """Forbid names under which anything could be kept, for files, folders and types."""
    breaches = [
        f"{source.path}: the name {part} says nothing"
        for part in PurePosixPath(source.path).parts
        if _VAGUE.search(part.split(".")[0]) or _VAGUE_LOWER.search(part.split(".")[0])
    ]
    if source.path.endswith(".swift"):
        breaches += [
            f"{source.path}:{item.line}: the name {item.name} says nothing"
            for item in swift_text.declarations(source.swift)
            if item.kind != "func" and _VAGUE.search(item.name)
        ]
    return breaches


def public_names_are_documented(sources: Iterable[Source]) -> list[str]:
    """Ask for a doc comment on each public type, and for one explanation of each public function's name.

    One is enough for a function: overloads and a protocol's witnesses mean what their first declaration says.
    """
    found = [(source, item) for source in sources for item in swift_text.declarations(source.swift)]
    explained = {item.name for _, item in found if item.kind == "func" and item.is_documented}
    breaches = []
    for source, item in found:
        if not item.is_public or item.is_documented:
            continue
        is_operator = not re.match(r"`?\w", item.name)
        if item.kind == "func" and (is_operator or item.name in explained | _WITNESSES):
            continue
        breaches.append(
            f"{source.path}:{item.line}: public {item.kind} {item.name} has no doc comment"
        )
    return breaches


def python_imports_only_standard(source: Source, own: str) -> list[str]:
    """Let the Python SDK import the standard library and itself, so that it runs where Python does."""
    breaches = []
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            top = name.split(".")[0]
            if top != own and top not in sys.stdlib_module_names:
                breaches.append(
                    f"{source.path}:{node.lineno}: {name} is not in the standard library"
                )
    return breaches


def no_package_hosts(source: Source, hosts: Iterable[str]) -> list[str]:
    """Forbid the hosts of package registries: ordinary clients know them, or know a mirror."""
    return [f"{source.path}: names the host {host}" for host in hosts if host in source.text]
