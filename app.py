"""Start the page: `python app.py`, or the entry of a Hugging Face Space."""

import sys

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
