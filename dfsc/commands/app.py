"""python -m dfsc app: the page, as app.py starts it."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Address, port and limits are environment variables, which docs/running.md lists."


def run(options: argparse.Namespace) -> int:
    # Gradio takes seconds to load, which --help shall not wait for.
    from dfsc.interface.start import start

    start()
    return 0
