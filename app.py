"""Start the page: `python app.py`, or the entry of a Hugging Face Space."""

import sys

from dfsc.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["app"]))
