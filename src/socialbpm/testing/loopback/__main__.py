"""The loopback server as a process: prints ``{"port": …}`` and serves until it is ended."""

from __future__ import annotations

import argparse
import json
import sys

from socialbpm.posts import Dedupe
from socialbpm.testing.loopback.faults import Fault, FaultKind
from socialbpm.testing.loopback.server import LoopbackServer


def main() -> None:
    """Read the arguments, say the port, serve."""
    options = _parser().parse_args()
    server = LoopbackServer(
        options.db,
        mode=options.mode,
        port=options.port,
        faults=options.fault,
        token=options.token,
        secret=options.secret,
        webhook=options.webhook,
    )
    sys.stdout.write(json.dumps({"port": server.port}) + "\n")
    sys.stdout.flush()
    server.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m socialbpm.testing.loopback", description=__doc__)
    parser.add_argument("--db", required=True, help="its SQLite file; made if it is not there")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--mode", choices=list(Dedupe), default="key", help="what it offers against doubles")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        help=f"KIND:N, may be repeated; {', '.join(FaultKind)}",
    )
    parser.add_argument("--token", default="", help="asked of every caller")
    parser.add_argument("--secret", default="", help="signs the webhooks")
    parser.add_argument("--webhook", default="", help="the address that answers are sent to")
    return parser


def _fault(text: str) -> str:
    try:
        Fault.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


if __name__ == "__main__":
    main()
