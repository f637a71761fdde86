"""The command line.

Exit codes: 0 fine, 1 the input or the run is at fault (said on stderr), 2 wrong usage.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; a mistake of the person who calls it never ends in a traceback."""
    from socialbpm.cli.app import app
    from socialbpm.errors import DefinitionError, SocialBpmError

    try:
        app()
    except DefinitionError as error:
        _fail(*(str(problem) for problem in error.problems))
    except SocialBpmError as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone (`socialbpm runs | head`): nobody is left to tell
        sys.exit(1)


def _fail(*lines: str) -> None:
    from socialbpm.cli.output import warn

    warn("\n".join(lines))
    sys.exit(1)
