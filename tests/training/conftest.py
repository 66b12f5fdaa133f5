"""What trainings in these tests learn from."""

import numpy as np
import pytest

from dfsc.material.training_set import prepare


@pytest.fixture(scope="module")
def data(good_pictures, tiny_teacher):
    pictures = np.stack(good_pictures)
    return prepare(pictures[:4], pictures[4:], tiny_teacher, copies=2, movement=0.02, seed=0)


@pytest.fixture(scope="module")
def penalty(draw):
    return np.stack([draw(seed, missing=range(4), scratch=True) for seed in range(3)])
