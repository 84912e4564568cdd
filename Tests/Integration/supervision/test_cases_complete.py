"""The list of cases is complete: each has a test that says so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

CASES = 34


def test_every_case_has_its_test() -> None:
    found: set[int] = set()
    for path in Path(__file__).parent.glob("test_cases_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = re.match(r"Case (\d+)\b", ast.get_docstring(node) or "")
                found |= {int(said[1])} if said else set()
    assert found == set(range(1, CASES + 1))
