"""Penalty images and augmentation: seeded, in range, and what they promise."""

import numpy as np
import pytest
from PIL import Image

from dfsc.errors import TrainingError
from dfsc.material.augmentation import jittered, moved
from dfsc.material.penalty import from_folder, rendered


def test_rendered_images_depend_on_seed_and_number_alone():
    one, other = rendered(3), rendered(3)
    assert np.array_equal(one(5), other(5))
    assert not np.array_equal(one(5), one(6))
    assert not np.array_equal(one(5), rendered(4)(5))
    assert one(5).shape == (256, 256, 3)
    assert one(5).dtype == np.uint8


def test_rendered_images_are_broad():
    images = np.stack([rendered(0)(number) for number in range(24)]).astype(float)
    assert images.mean(axis=(1, 2, 3)).std() > 15  # darker and lighter ones
    assert images.std(axis=(1, 2, 3)).min() > 5  # none of them blank


def test_folder_images_are_cropped_and_unreadable_ones_passed_over(tmp_path):
    Image.new("RGB", (300, 200), (200, 40, 40)).save(tmp_path / "red.png")
    (tmp_path / "broken.jpg").write_bytes(b"not an image")
    source = from_folder(tmp_path, seed=0)
    images = [source(number) for number in range(20)]
    assert all(image.shape == (256, 256, 3) for image in images)
    colours = {tuple(image[0, 0]) for image in images}
    assert (200, 40, 40) in colours
    assert len(colours) == 2  # some are grey


def test_folder_without_images_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="holds no images"):
        from_folder(tmp_path, seed=0)


def test_jitter_stays_near_the_image():
    image = np.full((32, 32, 3), (100, 150, 50), np.uint8)
    image[:16] = (30, 60, 200)
    changes = [jittered(image, np.random.default_rng(seed)).astype(int) - image for seed in range(20)]
    assert all(np.abs(change).max() <= 51 for change in changes)
    assert any(np.abs(change).max() > 5 for change in changes)


def test_no_movement_changes_nothing():
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert moved(image, 0.0, np.random.default_rng(0)) is image


def test_movement_stays_within_its_share():
    image = np.zeros((256, 256, 3), np.uint8)
    image[126:130, 126:130] = 255
    for seed in range(30):
        rows, columns = np.nonzero(moved(image, 0.05, np.random.default_rng(seed))[..., 0] > 60)
        assert abs(rows.mean() - 127.5) <= 0.05 * 256 + 1
        assert abs(columns.mean() - 127.5) <= 0.05 * 256 + 1
