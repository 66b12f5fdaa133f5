"""Command line: python -m dfsc COMMAND, or dfsc COMMAND once installed; dfsc.commands lists them."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from dfsc.commands import COMMANDS
from dfsc.errors import NO_MEMORY, DFSCError, lacks_memory, system_refused
from dfsc.process import behave


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors of library and system become one line on standard error and exit status 2."""
    behave()
    options = parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        return options.run(options)
    except DFSCError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{system_refused(error, str(error.filename or ''))}\n")
        return 2
    except (MemoryError, RuntimeError) as error:
        if not lacks_memory(error):
            raise
        sys.stderr.write(f"{NO_MEMORY}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The options of the command that comes first, with its `run`; ends the process where there is none."""
    whole = argparse.ArgumentParser(prog=_called(), description="Visual inspection with logical anomalies.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        part = commands.add_parser(name, help=text, description=text)
        if arguments[:1] == [name]:
            command = import_module(f"dfsc.commands.{name}")
            command.add_arguments(part)
            part.set_defaults(run=command.run)
    return whole.parse_args(arguments)


def _called() -> str:
    return "dfsc" if Path(sys.argv[0]).stem == "dfsc" else "python -m dfsc"


if __name__ == "__main__":
    sys.exit(main())
