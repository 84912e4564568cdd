"""Reads Swift source as far as the architecture rules need it: code apart from comments and strings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_STRING_START = re.compile(r'(#*)("""|")')
_IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?[ \t]+)*(?:(?:public|package|internal|fileprivate|private)[ \t]+)?"
    r"import[ \t]+(?:(?:struct|class|enum|protocol|typealias|func|let|var)[ \t]+)?([A-Za-z_]\w*)",
    re.MULTILINE,
)
_MODIFIERS = (
    r"(?:(?:static|class|final|mutating|nonmutating|nonisolated|override|convenience|indirect|required"
    r"|prefix|postfix|infix|consuming|borrowing|isolated|distributed|async|lazy|weak|unowned)"
    r"(?:\([a-z]+\))?[ \t]+)*"
)
_DECLARATION = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?[ \t]+)*(?P<access>(?:public|open|package|internal|fileprivate|private)"
    r"(?:\([a-z]+\))?[ \t]+)*"
    + _MODIFIERS
    + r"(?P<kind>struct|class|enum|protocol|actor|typealias|func)"
    r"[ \t]+(?P<name>`?\w+`?|[^\s\w(]+)"
)


@dataclass(frozen=True)
class SwiftText:
    """A source with everything but code blanked (``code``) and everything but comments (``comments``).

    Both have the lines and columns of the original; a string keeps its quotes.
    """

    code: str
    comments: str


@dataclass(frozen=True)
class Declaration:
    """A type or function: its line counted from 1, and whether a doc comment stands before it."""

    line: int
    kind: str
    name: str
    is_public: bool
    is_documented: bool


@cache
def read(source: str) -> SwiftText:
    """Tell code, comments and strings apart."""
    reader = _Reader(source)
    reader.run()
    return SwiftText("".join(reader.code), "".join(reader.comments))


def imports(text: SwiftText) -> list[tuple[int, str]]:
    """List each import: its line and the module."""
    return [(line_of(text.code, found.start(1)), found[1]) for found in _IMPORT.finditer(text.code)]


def line_of(text: str, offset: int) -> int:
    """Return the line of an offset, counted from 1."""
    return text.count("\n", 0, offset) + 1


def declarations(text: SwiftText) -> list[Declaration]:
    """List the types and functions that a source declares, in order."""
    code = text.code.split("\n")
    comments = text.comments.split("\n")
    found = []
    for index, line in enumerate(code):
        match = _DECLARATION.match(line)
        if not match:
            continue
        above = index - 1
        while above >= 0 and code[above].strip().startswith("@"):
            above -= 1
        documented = above >= 0 and comments[above].lstrip().startswith(("///", "/**", "*"))
        access = line[: match.start("kind")].split()
        is_public = "public" in access or "open" in access
        found.append(Declaration(index + 1, match["kind"], match["name"], is_public, documented))
    return found


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.code: list[str] = []
        self.comments: list[str] = []

    def run(self) -> None:
        self._code(until_parenthesis=False)

    def _take(self, count: int, *, into: str) -> None:
        for char in self.source[self.position : self.position + count]:
            blank = char if char == "\n" else " "
            self.code.append(char if into == "code" else blank)
            self.comments.append(char if into == "comments" else blank)
        self.position += count

    def _code(self, *, until_parenthesis: bool) -> None:
        depth = 0
        while self.position < len(self.source):
            rest = self.source[self.position : self.position + 2]
            if rest == "//":
                end = self.source.find("\n", self.position)
                end = len(self.source) if end < 0 else end
                self._take(end - self.position, into="comments")
            elif rest == "/*":
                self._block_comment()
            elif string := _STRING_START.match(self.source, self.position):
                self._string(string[1], string[2])
            else:
                char = self.source[self.position]
                depth += {"(": 1, ")": -1}.get(char, 0)
                if until_parenthesis and depth < 0:
                    return
                self._take(1, into="code")

    def _block_comment(self) -> None:
        depth = 0
        while self.position < len(self.source):
            rest = self.source[self.position : self.position + 2]
            if rest in ("/*", "*/"):
                depth += 1 if rest == "/*" else -1
                self._take(2, into="comments")
                if depth == 0:
                    return
            else:
                self._take(1, into="comments")

    def _string(self, hashes: str, quote: str) -> None:
        """Blank a string; the code of its interpolations stays code."""
        self._take(len(hashes) + len(quote), into="code")
        closing, escape = quote + hashes, "\\" + hashes
        while self.position < len(self.source):
            if self.source.startswith(closing, self.position):
                self._take(len(closing), into="code")
                return
            if self.source.startswith(escape, self.position):
                self._take(len(escape), into="nothing")
                if self.source.startswith("(", self.position):
                    self._take(1, into="code")
                    self._code(until_parenthesis=True)
                self._take(1, into="nothing")
            elif quote == '"' and self.source[self.position] == "\n":
                return  # not a string after all; the compiler says so better
            else:
                self._take(1, into="nothing")
