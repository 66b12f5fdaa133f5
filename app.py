"""Start the page: `python app.py`, or the entry of a Hugging Face Space."""

import os
import sys

# Read by OpenMP when torch is loaded: threads that wait sleep, instead of taking a core from others who work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from dfsc.errors import DFSCError
from dfsc.interface.environment import waiting
from dfsc.interface.page import build_page, launch_arguments


def main() -> None:
    try:
        build_page().queue(max_size=waiting()).launch(**launch_arguments())
    except DFSCError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
