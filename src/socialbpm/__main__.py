"""``python -m socialbpm`` is the command line."""

from socialbpm.cli import main

main()
