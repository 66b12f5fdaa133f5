"""What a retraining of minutes is worth, told by method."""

import pytest

from dfsc.benchmarks import retrain
from dfsc.training.recipe import Recipe


@pytest.mark.slow
def test_fre_is_told_beside_the_pair(demo_weights, toy_dataset, set_pace):
    set_pace(0.3)
    recipe = Recipe(("ead-s", "dfsc", "fre"), seconds=60, quick=True, copies=1)
    (run,) = retrain.runs(toy_dataset, recipe, 12, [0], cross_validated=False)
    for method in recipe.methods:
        assert f"| {method} | all |" in retrain.table([run])
        assert f"; {method} finds " in retrain.summary(run, 60)
