"""How the page is started, by app.py and by the command `app`."""

from dfsc.interface.environment import waiting
from dfsc.interface.page import build_page, launch_arguments, queued
from dfsc.interface.session.feedback import feedback_of


def start() -> None:
    """Serve the page until the process is stopped; raises DFSCError for variables that make no sense."""
    feedback_of("").history.close()  # a history that can't be opened is said now, not to the first visitor
    queued(build_page(), waiting()).launch(**launch_arguments())
