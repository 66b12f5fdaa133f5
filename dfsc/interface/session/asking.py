"""Questions, numbered by the visitor's browser, so that only the answer to the latest one is shown.

Gradio may send a click late, send it twice with the first one's data, or deliver answers out of order. So the browser
numbers its questions (static/page.js) and sends with each what it is about, read at the moment of sending. The server
drops outdated questions, and the browser drops outdated answers.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from dfsc.interface.session.settings import Settings, settings_from

LARGEST = 2**31


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        number: counts up in one open page; 0 from a client that numbers nothing.
        about: what was clicked or drawn, from the browser, so not to be trusted.
        finding: number of the displayed finding, 0 without one.
        settings: positions of the sliders.
    """

    number: int = 0
    about: dict[str, Any] = field(default_factory=dict)
    finding: int = 0
    settings: Settings = field(default_factory=Settings)

    @property
    def index(self) -> int | None:
        """`data-index` of the clicked button, None if it is not a valid number."""
        index = self.about.get("index")
        return int(index) if isinstance(index, str) and index.isascii() and index.isdigit() and len(index) < 9 else None


def question_from(text: object) -> Question:
    """Parse a browser's question (JSON); anything invalid becomes a question about nothing."""
    try:
        record = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        return Question()
    about = record.get("about")
    return Question(
        number=_count(record.get("number")),
        about=about if isinstance(about, dict) else {},
        finding=_count(record.get("finding")),
        settings=settings_from(record.get("settings")) or Settings(),
    )


def asking(kind: str, inputs: int = 0) -> str:
    """Javascript for an event whose first input is the question: sends the latest question of this kind."""
    return _script(f"dfsc.question('{kind}')", inputs)


def asking_now(kind: str, inputs: int = 0) -> str:
    """The same for an event of gradio's own (a choice, an upload), which is a new question by itself."""
    return _script(f"dfsc.ask('{kind}')", inputs)


def asking_beside(kind: str, inputs: int = 0) -> str:
    """For an event about the displayed finding, which brings no other one."""
    return _script(f"dfsc.askBeside('{kind}')", inputs)


def click_script(kind: str) -> str:
    """A component's script: clicking one of its buttons asks about the button's data attributes."""
    return (
        "element.addEventListener('click', event => { const button = event.target.closest('button');"
        f" if (button) {{ dfsc.ask('{kind}', {{ ...button.dataset }}); trigger('click'); }} }});"
    )


def _script(question: str, inputs: int) -> str:
    others = "".join(f", input{number}" for number in range(inputs))
    return f"(asked{others}) => [{question}{others}]"


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < LARGEST else 0
