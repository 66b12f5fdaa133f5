"""What a checkpoint says of its training."""

from pathlib import Path

from dfsc.models.methods import METHODS
from dfsc.training.plan import calibration_name
from dfsc.training.recipe import Recipe
from dfsc.training.training import Training


def training_notes(recipe: Recipe, training: Training, data: str, seconds: float, license_name: str) -> dict:
    """What a checkpoint says of a training: a DetectorConfig's `training`. `data` tells the images in words."""
    return {
        "data": data,
        "fitted": training.data.fitted,
        "trained_with": " + ".join(METHODS[method].title for method in recipe.methods),
        "steps": ", ".join(f"{count} {stage}" for stage, count in training.taken.items()),
        "seconds": round(seconds),
        "optimiser": str(training.plan.algorithm),
        "quick": recipe.quick,
        "hardest_share": round(1 - training.plan.hard_quantile, 6),
        "rates": training.plan.rates,
        "calibration": calibration_name(training.plan),
        "seed": recipe.seed,
        "copies": len(training.data) // training.data.fitted,
        "movement": recipe.movement,
        "penalty": Path(recipe.penalty).name if recipe.penalty else "rendered by the library",
        "license": license_name,
    }
