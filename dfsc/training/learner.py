"""A network that learns, alone or for several methods at once."""

from collections.abc import Hashable
from copy import deepcopy
from typing import Any

from torch import nn

from dfsc.material.on_demand import OnDemand
from dfsc.training.optimizer import NetworkOptimizer


class Learner:
    """A network and its optimiser. Where several methods share one, a step that one has made is made for all.

    `reconstructions` are a finished auto-encoder's outputs on a training's copies, for all that share it.
    """

    def __init__(self, network: nn.Module, optimizer: NetworkOptimizer):
        self.network, self.optimizer = network, optimizer
        self.reconstructions: OnDemand | None = None
        self._made: Hashable = None
        self._outcome: Any = None

    def outcome(self, due: Hashable) -> Any:
        """What came of the step that is due, where another method has made it already; else None."""
        return self._outcome if self._made == due else None

    def note(self, due: Hashable, outcome: Any) -> None:
        """The step that was due is made."""
        self._made, self._outcome = due, outcome

    def copy(self) -> "Learner":
        """One of its own for a method that goes its own way from here."""
        return Learner(*deepcopy((self.network, self.optimizer)))

    def forget(self) -> None:
        """Free what can be computed anew."""
        self._made = self._outcome = self.reconstructions = None

    def state(self) -> tuple[dict, dict]:
        """A snapshot of network and optimiser, which later steps don't change."""
        return deepcopy(self.network.state_dict()), self.optimizer.state_dict()

    def restore(self, network: dict, optimizer: dict) -> None:
        self.network.load_state_dict(network)
        self.optimizer.load_state_dict(optimizer)
