"""Write what is generated from the catalogue, or check that it is fresh."""

from __future__ import annotations

import sys

from socialbpm.designer import generated, stale


def main(arguments: list[str]) -> int:
    """Exit code 0: written or fresh, 1: stale, 2: not understood."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m socialbpm.designer [--check]", file=sys.stderr)  # noqa: T201
        return 2
    old = stale()
    for path in old:
        if arguments:
            print(f"{path}: stale; run python -m socialbpm.designer", file=sys.stderr)  # noqa: T201
        else:
            path.write_text(generated()[path], encoding="utf-8")
            print(path)  # noqa: T201
    return 1 if arguments and old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
