"""Time and steps: how many steps fit into a training's time, or how long its steps will still take.

A plan's cosine ends at zero only if the number of steps is right, so with a time it is corrected after every step by
how long steps have taken; a machine that becomes busy half-way gets fewer steps and still ends on time.
"""

import math
from collections.abc import Sequence
from time import monotonic

from dfsc.errors import TooShortError
from dfsc.training.stages import STAGES

# What the auto-encoder may take on a slow machine, where it would have too few steps in its share.
MOST_AUTOENCODER_SHARE = 0.5
MIN_STEPS = 4
# What the learning should have at least.
LEAST_LEARNING = 30.0
# Reading may take so much of the time, and what comes after the last step so much of what is left.
READING_SHARE, RESERVE_SHARE = 0.7, 0.25
# How many seconds of reading tell how long it will take.
READING_SEEN = 2.0


class Budget:
    """Seconds for a training, counted from the moment this is made; everything that happens meanwhile counts.

    What an unfinished training took before does not.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.reserve = 0.0
        self._began = monotonic()
        self._learning_from: float | None = None
        self._first: dict[str, tuple[int, float]] = {}

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds until the end, at least 0."""
        return max(0.0, self.seconds - self.spent)

    def read(self, done: int, total: int) -> None:
        """So many of all photographs were read, which is what comes first.

        Raises:
            TooShortError: as soon as it shows that too little time will be left.
        """
        expected = self.spent * total / max(done, 1)
        if self.spent >= READING_SEEN and expected > READING_SHARE * self.seconds:
            raise self._too_short(f"reading these {total:,} photographs takes about {expected:.0f}", expected)

    def affordable(self, seconds_each: float) -> int:
        """How many images can be inspected after the last step, at so many seconds each."""
        return int(RESERVE_SHARE * self.left / max(seconds_each, 1e-9))

    def keep(self, reserve: float) -> None:
        """Leave `reserve` seconds to what comes after the last step; the learning begins now."""
        self.reserve = reserve
        if self._learning_from is None:
            self._learning_from = self.spent

    def steps(self, stage: str, done: int, planned: int) -> int:
        """How many steps a stage will have, when `done` of it are done: as many as fit.

        Args:
            stage: "autoencoder", which ends at its share of the learning, or for the fewest sensible steps at half of
                it; "imitation", which ends at its share; or "student" or "joint", which end it.
            planned: the answer while nothing is known about the pace yet.

        Raises:
            TooShortError: when no sensible number fits.
        """
        first, since = self._first.setdefault(stage, (done, self.spent))
        if done == first:
            latest = self._end(stage, MOST_AUTOENCODER_SHARE if stage == "autoencoder" else None)
            if self.spent >= latest and done < MIN_STEPS and stage != "imitation":
                raise self._no_steps(stage, self.spent - (self._learning_from or 0.0))
            return planned if self.spent < latest else done
        pace = max(self.spent - since, 1e-9) / (done - first)
        steps = done + max(0, round((self._end(stage) - self.spent) / pace))
        if steps >= MIN_STEPS or stage == "imitation":
            return steps
        if stage != "autoencoder" or self.spent + (MIN_STEPS - done) * pace > self._end(stage, MOST_AUTOENCODER_SHARE):
            raise self._no_steps(stage, pace)
        return MIN_STEPS

    def foreseen(self, stage: str, done: int, stages: Sequence[tuple[str, int]]) -> int:
        """About how many steps all stages of a pair will have together, by the pace of the running one.

        Args:
            done: steps of the running stage, more than at the first call of `steps` for it.
            stages: names and numbers of steps of all stages in order; of later ones the numbers don't count.
        """
        first, since = self._first[stage]
        pace = max(self.spent - since, 1e-9) / (done - first)
        running = [name for name, _ in stages].index(stage)
        foreseen = sum(steps for _, steps in stages[: running + 1])
        began = max(self._end(stage), self.spent)
        for name, _ in stages[running + 1 :]:
            cost = pace * STAGES[name].pair_cost / STAGES[stage].pair_cost
            foreseen += max(0, round((self._end(name) - began) / cost))
            began = max(began, self._end(name))
        return foreseen

    def _no_steps(self, stage: str, pace: float) -> TooShortError:
        """That a stage has no time for its fewest steps, at so many seconds each."""
        before = (self._learning_from or 0.0) + self.reserve
        learning = max(LEAST_LEARNING, STAGES[stage].least * MIN_STEPS * pace)
        why = f"what comes before and after the steps takes {before:.0f}, a step {pace:.1f}"
        return self._too_short(why, before + learning)

    def _too_short(self, why: str, needed: float) -> TooShortError:
        least = 10 * math.ceil(max(needed, 1.5 * self.seconds) / 10)
        return TooShortError(f"{self.seconds:.0f} seconds are too short to train here ({why}); give {least} or more.")

    def _end(self, stage: str, share: float | None = None) -> float:
        """When a stage ends, in seconds since the beginning, by its share of the learning or another one."""
        begin = self._learning_from or 0.0
        end = self.seconds - self.reserve
        return begin + (share or STAGES[stage].end) * (end - begin)


class Forecast:
    """How long a training by steps will still take: by the pace of the running stage, and a rule of thumb for the next.

    Args:
        methods: how many are trained side by side.
    """

    def __init__(self, methods: int):
        self._methods = methods
        self._stage = ""
        self._since = (0, 0.0)

    def left(self, stage: str, step: int, stages: Sequence[tuple[str, int]]) -> float:
        """Seconds from the end of a step (1-based) of a stage on, NaN after the first one seen of that stage.

        Args:
            stages: names and numbers of steps of all stages, in order.
        """
        if stage != self._stage:
            self._stage, self._since = stage, (step, monotonic())
        first, since = self._since
        if step == first:
            return math.nan
        names = [name for name, _ in stages]
        later = sum(steps * self._cost(name) for name, steps in stages[names.index(stage) + 1 :])
        steps_left = dict(stages)[stage] - step + later / self._cost(stage)
        return (monotonic() - since) / (step - first) * steps_left

    def _cost(self, stage: str) -> float:
        return STAGES[stage].cost * (1 if STAGES[stage].common else self._methods)
