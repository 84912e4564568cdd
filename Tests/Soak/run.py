"""``python3 Tests/Soak/run.py --seconds 600 [--seed N]``: the failure soak."""

from __future__ import annotations

import argparse
import random
import sys

from soak import Soak


def main() -> int:
    """Runs it; a failure shows its seed, with which the same steps come again."""
    parser = argparse.ArgumentParser(description="Kills and commands everything at random.")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    Soak(arguments.seed).run(arguments.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
