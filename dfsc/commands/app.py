"""python -m dfsc app: the page, as app.py starts it."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Environment variables set address, port and limits; see docs/running.md."


def run(options: argparse.Namespace) -> int:
    # Gradio takes seconds to load; --help must not wait for it.
    from dfsc.interface.start import start

    start()
    return 0
