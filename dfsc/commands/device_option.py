"""The option that says where a command computes."""

import argparse


def add_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="where to compute: auto (a GPU if there is one), cpu, cuda, cuda:N or mps (DFSC_DEVICE, or auto)",
    )
