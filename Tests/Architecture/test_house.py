"""Holds the repository to its rules; the rules are in rules.py, who may import whom in modules.toml."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
import rules
import tomllib
from rules import Module, Source, Table

ROOT = Path(__file__).resolve().parents[2]
TABLE = Table.parse(tomllib.loads((Path(__file__).parent / "modules.toml").read_text()))
CODE = {".swift", ".c", ".h", ".py", ".sh", ".js", ".html", ".css"}
# Written in pieces, because this file is held to the rule too.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
    )
]


@cache
def committed() -> tuple[Path, ...]:
    """Every file that is committed or waits to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


@cache
def sources(top: str, suffixes: tuple[str, ...]) -> tuple[Source, ...]:
    """The committed files under a folder that end so."""
    folder = ROOT / top
    return tuple(
        Source(path.relative_to(ROOT).as_posix(), path.read_text())
        for path in committed()
        if path.is_relative_to(folder) and path.suffix in suffixes
    )


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> list[Module]:
    """The package's targets as its manifest declares them."""
    environment = {key: value for key, value in os.environ.items() if key != "RBOT_TESTS"}
    scratch = str(tmp_path_factory.mktemp("package"))
    dump = subprocess.run(
        ["swift", "package", "--scratch-path", scratch, "dump-package"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return rules.modules(json.loads(dump.stdout))


def swift_of(module: Module) -> tuple[Source, ...]:
    return sources(module.path, (".swift",))


def nothing(breaches: Iterable[str]) -> None:
    found = list(breaches)
    assert not found, "\n" + "\n".join(found)


def test_arrows_point_downward() -> None:
    nothing(rules.arrows_point_downward(TABLE))


def test_processes_never_import_each_other(package: list[Module]) -> None:
    nothing(rules.processes_stay_apart(package))


def test_the_manifest_names_only_allowed_dependencies(package: list[Module]) -> None:
    nothing(rules.manifest_follows_table(package, TABLE))


def test_every_module_of_the_table_exists(package: list[Module]) -> None:
    nothing(sorted(set(TABLE.allowed) - {module.name for module in package}))


def test_sources_import_only_what_is_allowed(package: list[Module]) -> None:
    libraries = [module for module in package if not module.is_test]
    nothing(
        breach
        for module in libraries
        for breach in rules.imports_follow_table(module, swift_of(module), TABLE)
    )


def test_sources_import_only_what_the_manifest_declares(package: list[Module]) -> None:
    nothing(
        breach
        for module in package
        for breach in rules.imports_are_declared(module, swift_of(module), TABLE)
    )


def test_every_source_belongs_to_a_module(package: list[Module]) -> None:
    homes = [module.path + "/" for module in package]
    nothing(
        source.path
        for source in sources("Sources", (".swift", ".c", ".h"))
        if not any(source.path.startswith(home) for home in homes)
    )


def test_packages_are_kept_in_one_place() -> None:
    nothing(rules.packages_stay_home(TABLE))


def test_a_program_is_a_composition_root(package: list[Module]) -> None:
    programs = [
        module
        for module in package
        if module.kind == "executable" and module.path.startswith("Sources/")
    ]
    assert programs
    nothing(
        breach
        for module in programs
        for breach in rules.composition_root_is_small(module, swift_of(module))
    )


@pytest.mark.parametrize("top", ["Sources", "strategies", "Tests"])
def test_nothing_is_forced(top: str) -> None:
    nothing(breach for source in sources(top, (".swift",)) for breach in rules.no_force(source))


@pytest.mark.parametrize("top", ["Sources", "strategies", "Tests"])
def test_what_the_compiler_cannot_check_is_proven_in_a_comment(top: str) -> None:
    nothing(
        breach for source in sources(top, (".swift",)) for breach in rules.claims_are_proven(source)
    )


def test_files_are_short() -> None:
    nothing(
        breach for source in sources(".", tuple(CODE)) for breach in rules.file_is_short(source)
    )


def test_names_say_something() -> None:
    nothing(
        breach
        for source in sources(".", tuple(CODE))
        for breach in rules.names_say_something(source)
    )


def test_public_names_are_documented() -> None:
    nothing(rules.public_names_are_documented(sources("Sources", (".swift",))))


def test_the_python_sdk_needs_only_python() -> None:
    files = sources("strategies/rbot", (".py",))
    assert files
    nothing(
        breach for source in files for breach in rules.python_imports_only_standard(source, "rbot")
    )


def test_no_package_host_is_named() -> None:
    texts = []
    for path in committed():
        try:
            texts.append(Source(path.relative_to(ROOT).as_posix(), path.read_text()))
        except UnicodeDecodeError:
            continue
    nothing(breach for source in texts for breach in rules.no_package_hosts(source, REGISTRIES))
