"""Command line: python -m dfsc inspect | train | evaluate | sweep | study | benchmark | distill | render | push …"""

import argparse
import os
import sys

# Read by OpenMP when torch is loaded: threads that wait sleep, instead of taking a core from others who work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from dfsc.commands import COMMANDS
from dfsc.errors import DFSCError


def parser() -> argparse.ArgumentParser:
    """All commands; what is parsed has the command's `run`."""
    whole = argparse.ArgumentParser(prog="python -m dfsc", description="Visual inspection with logical anomalies.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        part = commands.add_parser(command.NAME, help=command.HELP, description=command.HELP)
        command.add_arguments(part)
        part.set_defaults(run=command.run)
    return whole


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors of library and system become one line on standard error and exit status 2."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except DFSCError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        sys.stderr.write(f"The system refused{where}: {error.strerror or error}.\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
