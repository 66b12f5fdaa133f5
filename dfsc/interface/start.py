"""How the page is started, by app.py and by the command `app`."""

from dfsc.interface.environment import waiting
from dfsc.interface.page import build_page, launch_arguments


def start() -> None:
    """Serve the page until the process is stopped; raises DFSCError for variables that make no sense."""
    build_page().queue(max_size=waiting()).launch(**launch_arguments())
