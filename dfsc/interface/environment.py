"""What the page takes from environment variables: where it listens, and how much it bears."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

from dfsc.errors import DFSCError
from dfsc.images.decoding import MAX_BYTES, one_line

PORT = 7860
WAITING = 64
MEGABYTES = MAX_BYTES // 1_000_000
# Where the Hub shows Spaces.
SPACES = "'self' https://huggingface.co https://*.hf.space"
_SOURCES = re.compile(r"'none'|(?:'self'|(?:https?://)?[\w*.:-]+)(?: +(?:'self'|(?:https?://)?[\w*.:-]+))*", re.ASCII)


def port() -> int:
    """GRADIO_SERVER_PORT."""
    return _whole_number("GRADIO_SERVER_PORT", PORT, 65_535)


def host() -> str:
    """GRADIO_SERVER_NAME; this computer alone may connect by default, but on a Space everybody."""
    return os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1")


def waiting() -> int:
    """DFSC_MAX_WAITING: how many requests may wait for their turn before new ones are turned away."""
    return _whole_number("DFSC_MAX_WAITING", WAITING, 10_000)


def upload_bytes() -> int:
    """DFSC_MAX_UPLOAD_MB: the largest file that is taken, at most and by default what the library reads."""
    return _whole_number("DFSC_MAX_UPLOAD_MB", MEGABYTES, MEGABYTES) * 1_000_000


def home() -> Path | None:
    """DFSC_HOME: the folder of one's own machine where histories and models are kept; None to keep nothing.

    Raises DFSCError for a folder that can't be made.
    """
    name = os.environ.get("DFSC_HOME", "").strip()
    if not name:
        return None
    folder = Path(name).expanduser()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DFSCError(f"DFSC_HOME is {name}, but that folder can't be made; choose one that can.") from error
    return folder


def mcp() -> bool:
    """GRADIO_MCP_SERVER: whether language models may use the page's tools. Raises DFSCError where MCP is missing."""
    wanted = os.environ.get("GRADIO_MCP_SERVER", "").strip().lower() == "true"
    if wanted and find_spec("mcp") is None:
        raise DFSCError('GRADIO_MCP_SERVER is set, but the package mcp is missing; install it (pip install ".[mcp]").')
    return wanted


def requests_per_minute() -> int:
    """DFSC_MAX_REQUESTS: how many requests that do something are answered a minute and address; 0 for any number."""
    return _whole_number("DFSC_MAX_REQUESTS", 0, 1_000_000)


def frame_ancestors() -> str:
    """DFSC_FRAME_ANCESTORS: which sites may show the page within theirs, as a Content-Security-Policy names them."""
    default = SPACES if "SPACE_ID" in os.environ else "'self'"
    text = os.environ.get("DFSC_FRAME_ANCESTORS", "").strip() or default
    if not _SOURCES.fullmatch(text):
        raise DFSCError(
            f"DFSC_FRAME_ANCESTORS is \"{one_line(text, 80)}\", but it has to be 'none', or 'self' and sites such as "
            "https://example.org, with spaces between them."
        )
    return text


def _whole_number(variable: str, default: int, most: int) -> int:
    """Raises DFSCError for what is not a whole number from 1 to `most`."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise DFSCError(f'{variable} is "{text}", but it has to be a whole number from 1 to {most}.')
    return int(text)
