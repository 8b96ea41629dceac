"""`python -m controller`, and the entry point of the command `tronador`."""

from __future__ import annotations

import sys

from controller.app import cli


def main() -> None:
    """Run the command and end the process with its exit code."""
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
