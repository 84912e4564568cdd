"""``python3 -m rbot strategy.py``: how rbotd starts a strategy that is a Python file.

``python3 -m rbot check strategy.py`` looks it over without running it.
"""

from __future__ import annotations

import sys

from .start import run_file


def main() -> int:
    """Run, or check, the file that the command line names. The process's exit status."""
    if sys.argv[1:2] == ["check"]:
        # Not of the start of a strategy: its modules would cost that time.
        from .check import main as check

        return check(sys.argv[2:])
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("usage: python3 -m rbot [check] FILE.py", file=sys.stderr)
        return 2
    return run_file(sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
