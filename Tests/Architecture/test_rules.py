"""Each rule on samples: what it lets pass, and what it must catch."""

from __future__ import annotations

import pytest
import rules
import swift_text
from rules import Module, Source, Table

TABLE = Table(
    allowed={
        "Model": [],
        "Wire": ["Model", "NIOCore"],
        "Store": ["Model", "GRDB"],
        "Core": ["Model"],
    },
    system=frozenset({"Glibc"}),
    pure=frozenset({"Core"}),
    packages={"GRDB": ["Store"]},
)


def swift(text: str, path: str = "Sources/Shared/Wire/Frame.swift") -> Source:
    return Source(path, text)


def module(name: str, path: str, *dependencies: str, kind: str = "regular") -> Module:
    return Module(name, path, kind, dependencies)


# The reader


def test_comments_and_strings_are_told_from_code() -> None:
    source = (
        'let a = "x! // no" // y!\n/* z! /* nested */ w! */ let b = #"q\\(v!)"# + """\n t!\n """\n'
    )
    text = swift_text.read(source)
    assert "!" not in text.code
    assert text.code.count("\n") == source.count("\n")
    assert "y!" in text.comments and "z!" in text.comments and "x!" not in text.comments


def test_the_code_of_an_interpolation_is_code() -> None:
    text = swift_text.read('print("a \\(f("b!", (c)!)) d!")\n')
    assert text.code.count("!") == 1


@pytest.mark.parametrize(
    "line",
    ["import Wire", "public import Wire", "@testable import Wire", "@_exported public import Wire",
     "@_spi(Testing) import Wire", "import struct Wire.Frame"],
)  # fmt: skip
def test_every_form_of_import_is_seen(line: str) -> None:
    assert swift_text.imports(swift_text.read(f"// first\n{line}\n")) == [(2, "Wire")]


def test_an_import_in_a_comment_is_none() -> None:
    assert swift_text.imports(swift_text.read("// import GRDB\n/* import GRDB */\n")) == []


# Modules


def test_an_arrow_upward_is_caught() -> None:
    assert rules.arrows_point_downward(TABLE) == []
    assert rules.arrows_point_downward(Table({"Model": ["Wire"], "Wire": []}))
    assert rules.arrows_point_downward(Table({"Model": ["Model"]}))


def test_a_dependency_on_another_process_is_caught() -> None:
    wire = module("Wire", "Sources/Shared/Wire")
    desk = module("Desk", "Sources/Gateway/Desk", "Wire")
    good = module("Runtime", "Sources/Supervisor/Runtime", "Wire")
    ctl = module("rbotctl", "Sources/Control/rbotctl")
    assert rules.processes_stay_apart([wire, desk, good]) == []
    bad = module("Runtime", "Sources/Supervisor/Runtime", "Desk")
    assert rules.processes_stay_apart([wire, desk, bad])
    assert rules.processes_stay_apart([module("Wire", "Sources/Shared/Wire", "Desk"), desk])
    assert rules.processes_stay_apart([desk, module("mine", "strategies/mine", "Desk")])
    assert rules.processes_stay_apart([desk, module("T", "Tests/Control/T", "Desk"), ctl])
    assert (
        rules.processes_stay_apart([desk, module("bench", "Tests/Benchmarks/Bench", "Desk")]) == []
    )


def test_a_dependency_that_the_table_does_not_allow_is_caught() -> None:
    path = "Sources/Shared/Wire"
    assert rules.manifest_follows_table([module("Wire", path, "Model", "NIOCore")], TABLE) == []
    assert rules.manifest_follows_table([module("Wire", path, "GRDB")], TABLE)
    assert rules.manifest_follows_table([module("Nobody", path)], TABLE)


def test_an_import_that_the_table_does_not_allow_is_caught() -> None:
    wire = module("Wire", "Sources/Shared/Wire")
    good = swift("public import Model\nimport NIOCore\nimport Glibc\n")
    assert rules.imports_follow_table(wire, [good], TABLE) == []
    assert rules.imports_follow_table(wire, [swift("import GRDB\n")], TABLE) == [
        "Sources/Shared/Wire/Frame.swift:1: Wire may not import GRDB"
    ]


def test_an_import_that_the_manifest_does_not_declare_is_caught() -> None:
    store = module("Store", "Sources/Gateway/Store", "Model")
    good = swift("import Glibc\nimport Model\nimport Testing\n")
    assert rules.imports_are_declared(store, [good], TABLE) == []
    assert rules.imports_are_declared(store, [swift("import GRDB\n")], TABLE)


def test_a_pure_module_that_reaches_the_system_is_caught() -> None:
    core = module("Core", "Sources/Gateway/Core")
    assert rules.imports_follow_table(core, [swift("import Model\n")], TABLE) == []
    assert rules.imports_follow_table(core, [swift("import Glibc\n")], TABLE)


def test_a_package_outside_its_home_is_caught() -> None:
    assert rules.packages_stay_home(TABLE) == []
    assert rules.packages_stay_home(Table({"Core": ["GRDB"]}, packages={"GRDB": ["Store"]}))


def test_a_program_that_grew_is_caught() -> None:
    program = module("rbotd", "Sources/Supervisor/rbotd", kind="executable")
    main, rest = swift("x\n" * 100), swift("x\n" * 51)
    assert rules.composition_root_is_small(program, [main]) == []
    assert rules.composition_root_is_small(program, [main, rest])


# Sources


@pytest.mark.parametrize(
    "line",
    ["a != b", "if !ready { }", "f(!x)", "[!a, !b]", "#if !os(Linux)", "return !x", 'let s = "no!"',
     "/// never!", "x! = y".replace("!", "?"), "a!=b", "a !== b", "let f: (Bool) -> Bool = { !$0 }"],
)  # fmt: skip
def test_harmless_exclamation_marks_pass(line: str) -> None:
    assert rules.no_force(swift(line + "\n")) == []


@pytest.mark.parametrize(
    "line",
    ["let v = try! f()", "x!.y", "f()!", "a[0]!", "v as! Int", "var x: Int!", "let x = y!\n",
     'Int("1")!', "{ 1 }()!", 'print("\\(x!)")', "x?.y!.z", "g(x!, y)"],
)  # fmt: skip
def test_force_is_caught(line: str) -> None:
    assert len(rules.no_force(swift(line + "\n"))) == 1


@pytest.mark.parametrize(
    "claim",
    ["final class Box: @unchecked Sendable {}", "nonisolated(unsafe) var x = 1", "unsafeBitCast(x, to: Int.self)"],
)  # fmt: skip
def test_an_unproven_claim_is_caught(claim: str) -> None:
    assert rules.claims_are_proven(swift(f"let a = 1\n\n\n\n{claim}\n"))
    assert rules.claims_are_proven(swift(f"//\n{claim}\n"))
    assert (
        rules.claims_are_proven(
            swift(f"// Written once, before any other thread starts.\n{claim}\n")
        )
        == []
    )
    assert rules.claims_are_proven(swift(f"// @unchecked is not used here: {claim}\n")) == []


def test_a_long_file_is_caught() -> None:
    assert rules.file_is_short(swift("x\n" * 400)) == []
    assert rules.file_is_short(swift("x\n" * 401))


@pytest.mark.parametrize(
    "path",
    ["Sources/A/Utils.swift", "Sources/A/StringUtils.swift", "Sources/Helpers/A.swift", "a/common.py",
     "a/test_helpers.py", "Sources/A/OrderManager.swift", "Sources/Common/A.swift", "a/Utility.swift"],
)  # fmt: skip
def test_a_file_name_that_says_nothing_is_caught(path: str) -> None:
    assert rules.names_say_something(Source(path, ""))


@pytest.mark.parametrize(
    "path", ["Sources/A/Utilisation.swift", "a/Commons.swift", "a/uncommon.py"]
)
def test_a_file_name_that_only_looks_so_passes(path: str) -> None:
    assert rules.names_say_something(Source(path, "")) == []


@pytest.mark.parametrize(
    "name", ["OrderManager", "WireHelper", "StringUtils", "Common", "CommonTypes"]
)
def test_a_type_name_that_says_nothing_is_caught(name: str) -> None:
    assert rules.names_say_something(swift(f"final class {name} {{}}\n"))
    assert (
        rules.names_say_something(swift(f"// a {name} would be wrong\nfinal class Frame {{}}\n"))
        == []
    )


@pytest.mark.parametrize(
    "line",
    ["public struct Frame {}", "public final class Frame {}", "public enum Kind { case a }",
     "  public static func parse() {}", "@frozen public struct Frame {}", "public actor Desk {}",
     "public nonisolated func f() {}", "@inlinable\npublic func f() {}"],
)  # fmt: skip
def test_an_undocumented_public_name_is_caught(line: str) -> None:
    assert rules.public_names_are_documented([swift(f"let a = 1\n{line}\n")])
    assert rules.public_names_are_documented([swift(f"/// What it is.\n{line}\n")]) == []
    assert rules.public_names_are_documented([swift(line.replace("public ", ""))]) == []


def test_overloads_and_witnesses_share_an_explanation() -> None:
    protocol = swift("protocol Venue {\n  /// Does it.\n  func execute()\n}\n")
    witness = swift("  public mutating func execute() {}\n")
    operator = swift("  public static func < (a: A, b: A) -> Bool { true }\n")
    assert rules.public_names_are_documented([protocol, witness, operator]) == []
    assert rules.public_names_are_documented([witness])


def test_an_import_beyond_the_standard_library_is_caught() -> None:
    good = Source(
        "a.py", "import json, os.path\nfrom . import wire\nfrom rbot.model import Quote\n"
    )
    assert rules.python_imports_only_standard(good, "rbot") == []
    assert rules.python_imports_only_standard(Source("a.py", "import numpy\n"), "rbot")
    assert rules.python_imports_only_standard(
        Source("a.py", "def f():\n  from pandas.x import y\n"), "rbot"
    )


def test_a_package_host_is_caught() -> None:
    assert (
        rules.no_package_hosts(Source("a.md", "see packages.example"), ["registry.example"]) == []
    )
    assert rules.no_package_hosts(Source("a.md", "see registry.example"), ["registry.example"])
