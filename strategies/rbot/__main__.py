"""``python3 -m rbot strategy.py``: how rbotd starts a strategy that is a Python file."""

from __future__ import annotations

import sys

from .start import run_file


def main() -> int:
    """Run the file that the command line names. The process's exit status."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("usage: python3 -m rbot FILE.py", file=sys.stderr)
        return 2
    return run_file(sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
