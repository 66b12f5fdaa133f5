"""What the Retrain tab says."""

from collections.abc import Sequence

from dfsc import Detector, Region
from dfsc.interface.wording import product_name
from dfsc.material.photographs import MAX_PHOTOGRAPHS
from dfsc.material.training_set import MIN_IMAGES
from dfsc.models.calibration import GoodParts
from dfsc.models.detector import DetectorConfig
from dfsc.models.methods import METHODS

INVITATION = (
    f"Add {MIN_IMAGES} to {MAX_PHOTOGRAPHS} photos of good parts, with the camera, light and framing you will inspect "
    "with; no faulty part is needed."
)
STEPS = (
    ("Your good photos", "As the next part will be photographed; 4 are enough for FRE, 12 for a pair of networks."),
    ("Settings, and train", "As they stand they suit most parts. Then press Train, below."),
    ("Inspect, and keep it", "What was learned appears here. Download it: this page keeps it for an hour only."),
)
ADVANCED_LABEL = "Constraint (τ′, κ), seed and more"
PHOTOGRAPHS_LABEL = "Photos of good parts, or a zip of them"
FOLDER_LABEL = "Choose a folder"
CLEAR_LABEL = "Start over"
COUNTING_HINT = (
    "If only a part of the photos counts, draw around it: each click is a corner. Nothing else is learned or looked at "
    "then, so nothing outside can reject a part."
)
SAMPLES_LABEL = "No photos? Try a sample set:"
TRAIN_LABEL, STOP_LABEL, LONGER_LABEL = "Train", "Stop and keep", "Train longer"
DOWNLOAD_LABEL = "Download your model (zip)"
INSPECT_LABEL = "Inspect with your model"
NAME_LABEL, NAME_PLACEHOLDER, KEEP_LABEL = "Name", "Name for it", "Keep on this machine"
TAU_LABEL = "τ′: share of features that count as similar"
TAU_INFO = (
    "The rest counts as novel: there DFSC keeps its auto-encoder from copying the teacher. At 1 it is EAD-S itself."
)
MARGIN_LABEL = "Margin ratio κ"
MARGIN_INFO = (
    "How far from the teacher it is kept, as a multiple of the largest difference that still counts as similar. At 0 "
    "novel features are merely left out."
)
ALSO_LABEL = "Train beside EAD-S and DFSC"
ALSO_INFO = "Each further method takes its share of the time."
SECONDS_LABEL = "Time for all, in seconds"
SECONDS_INFO = "Includes preparation and calibration. More time gives better models; 120 s gives a first impression."
SEED_LABEL, SEED_INFO = "Seed", "Same seed, same draw of photos and first networks."
MOVEMENT_LABEL = "How much does the part move between photos?"
MOVEMENTS = (("Not at all: it lies in a fixture", 0.0), ("A little", 0.02), ("Visibly: held by hand", 0.05))
WARM_UP_LABEL = "Warm-up"
WARM_UP_INFO = "Share of the auto-encoder's training before DFSC begins to keep it away."
WEIGHT_LABEL, WEIGHT_INFO = "Weight λ", "How much keeping away counts against learning the good parts."
ALREADY_TRAINING = "Your training is still running; stop it first, or wait for its end."
TOO_MANY_WAIT = "Too many visitors are waiting for a training; please come back later."
NOTHING_TO_STOP = "No training is running."
STOPPING = "Stopping after this step; what was learned is kept and calibrated."
STOPPING_EARLY = "Stopping: too early for a new pair."
STAGES = {
    "autoencoder": "training auto-encoders",
    "imitation": "students imitate the teacher",
    "student": "students imitate teacher and auto-encoders",
}
# In 120 s on two cores of its own, by what was measured in 180 s (docs/measurements.md, "Retraining in minutes").
USUAL_STEPS = 600
NOTHING_TO_PROLONG = "There is no finished training to continue; train a pair first."
STAND_IN = (
    "Estimate before training, on {name}: how many features are novel at each position if the photos’ mean stands "
    "in for the auto-encoder, d = (T − mean of T)²."
)
REAL = "On a held-out photo, by the trained auto-encoder’s own distance d = (T − A)²: how many features are novel."
TAU_ONE = "At τ′ = 1 nothing is novel: DFSC is EAD-S."
PLOT_TITLES = {
    "autoencoder": "Auto-encoders’ losses",
    "student": "Students’ losses",
    "active": "DFSC: share of novel features inside the margin",
    "found": "Share of made-up faults found",
}
PREVIEWS = {
    "distance": ("Auto-encoder against teacher, mean (T − A)²", "1, as wrong as knowing nothing but the mean", 1.0),
    "global": ("Global map, mean (A − Sᴬ)²", "0.3", 0.3),
}
PREVIEW_GOOD, PREVIEW_FAULTY = "good part", "made-up fault ({kind})"


def preview(said: str, full: str) -> str:
    """What a preview shows, and where its colours end."""
    return (
        f"{said}: a held-out photo as it is, which should become calm, and the same one with a made-up fault, "
        f"which should stand out. Full colour is {full}."
    )


def sample_button(name: str, count: int, drawn: bool) -> str:
    return f"{product_name(name)} ({count} {'rendered' if drawn else 'photos'})"


def read_so_far(done: int, total: int, name: str) -> str:
    return f"{done} of {total} files looked at: {name}"


def kept(name: str) -> str:
    """What a model that was kept has become."""
    return f"{product_name(name)} is kept on this machine and can be chosen in Inspect, also after a restart."


def counts(region: Region | None) -> str:
    """What counts of the photos that are learned from."""
    if region is None:
        return "The whole photo counts again."
    return (
        f"Only what you drew around counts, {region.share:.0%} of the photo; what you train from now on sees no more."
    )


def ready(count: int, surplus: str) -> str:
    return f"{count} photos are ready for training. {surplus}".strip()


def waiting(place: int, seconds: float) -> str:
    return f"{place} training{'' if place == 1 else 's'} ahead of you, for about {duration(seconds)}."


def progress(stages: Sequence[str], stage: str, step: int, steps: int | None, left: float) -> str:
    """How far a training is; `steps` is None as long as it is not known how many of the stage fit."""
    of = f"step {step} of about {steps}" if steps else f"step {step}, measuring how many fit"
    return f"Stage {stages.index(stage) + 1} of {len(stages)}: {STAGES[stage]}, {of}. {duration(left)} left."


def manages(steps: int | None, seconds: float, device: str) -> str:
    """What a device (in words) manages within a training's time, and what is usual."""
    if steps is None:
        return f"Measuring how many steps {device} manages in {seconds:.0f} s; {USUAL_STEPS} are usual."
    said = f"About {steps} steps fit into {seconds:.0f} s on {device} now; {USUAL_STEPS} are usual"
    return f"{said}, so expect too little." if manages_too_few(steps) else f"{said}."


def manages_too_few(steps: int | None) -> bool:
    return steps is not None and steps < USUAL_STEPS / 2


PAIR_TITLE, AT_ONCE_TITLE = "Your models", "Ready at once: FRE"
PREPARING = "Reading your photos with the teacher …"
CALIBRATING = "Calibrating on the held-out photos, then testing on made-up faults …"


def done(seconds: float, configs: Sequence[DetectorConfig]) -> str:
    """That the pair is ready and what its self-test says, or that it is not usable and what to do."""
    unusable = [config for config in configs if not config.usable and METHODS[config.method].trained]
    if unusable:
        return f"Not usable yet, after {duration(seconds)}: {_found(unusable)}. Press “{LONGER_LABEL}” to go on."
    return f"Ready after {duration(seconds)}: {_found(configs)}. It is all in the Inspect tab as your model."


def not_usable(configs: Sequence[DetectorConfig], trained: bool) -> str:
    trained = trained and any(METHODS[config.method].trained for config in configs)
    help_ = f"“{LONGER_LABEL}” goes on from where it stopped." if trained else "More photos would help."
    return f"Not usable yet: {_found(configs)}. Verdicts of such a model would mean nothing, so it gives none. {help_}"


def at_once(count: int) -> str:
    """What FRE is, and how little it knows of few photographs (docs/measurements.md)."""
    what = (
        "A linear model of your photos in closed form. It knows what belongs where and what goes with what; small "
        "chips, scratches and texture among loose parts are for a trained pair."
    )
    return what if count >= MIN_IMAGES else f"{what} It knows only {count} photos: much that is good will look new."


def recommended(detectors: Sequence[Detector]) -> str:
    """Which of the usable methods to inspect with: that which finds most made-up faults, or those."""
    usable = [detector for detector in detectors if detector.config.usable]
    if not usable:
        return "None of these models is usable yet."
    best = max(detector.config.self_test.share for detector in usable)
    names = [METHODS[d.config.method].title for d in usable if d.config.self_test.share == best]
    if len(names) == len(detectors):
        return "Inspect with any of them: all find equally many made-up faults."
    if len(usable) < len(detectors):
        return f"Inspect with {' or '.join(names)}, as not all of them are usable yet."
    finds = "it finds" if len(names) == 1 else "they find"
    return f"Inspect with {' or '.join(names)}: {finds} most made-up faults."


def _found(configs: Sequence[DetectorConfig]) -> str:
    return ", ".join(f"{METHODS[config.method].title} {config.self_test.sentence}" for config in configs)


SELF_TEST_NOTE = (
    "Made-up faults are parts erased, copied and scratched on the held-out photos, and beside them some of other "
    "kinds. They show that a model learned to find something; they are no accuracy on real faults."
)


EXAMPLES_TITLE = "A made-up fault that each missed, or if none was missed the first, with the fused map"


def example(method: str, kind: str, found: bool) -> str:
    return f"{method}: {kind}, {'found' if found else 'missed'}"


def calibrated(good: GoodParts) -> str:
    """How far a threshold from few photographs can be trusted."""
    expected, bound = good.rejection()
    return (
        f"Calibrated on {good.count} held-out photos: the limit is just above their highest score, so none of "
        f"them is rejected. Of further good parts like these it will reject about 1 in {round(1 / expected)}; with so "
        f"few photos anything up to {100 * bound:.0f} % is possible (95 % confidence)."
    )


def duration(seconds: float) -> str:
    """Seconds in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
