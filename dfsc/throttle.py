"""What is to happen only now and then, such as telling how far something is."""

from time import monotonic


class Throttle:
    """Says of each occasion whether it is due: when some seconds have passed since the last one that was."""

    def __init__(self, seconds: float, at_once: bool = False):
        """`at_once`: the first occasion is due; otherwise the seconds run from now on."""
        self._seconds, self._due_from = seconds, monotonic() + (0 if at_once else seconds)

    def due(self) -> bool:
        now = monotonic()
        if now < self._due_from:
            return False
        self._due_from = now + self._seconds
        return True
