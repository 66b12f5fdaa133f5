"""FRE on tiles: what it sees of a large photograph, its one map, and its checkpoint."""

import json

import numpy as np
import pytest
from PIL import Image

import dfsc
from dfsc.__main__ import main
from dfsc.checkpoints.detectors import load_teacher, save_detector
from dfsc.errors import CheckpointError, DFSCError, TrainingError
from dfsc.geometry import place_on_image
from dfsc.images.tiling import resized_for, tile, tiles_for, tiles_of
from dfsc.interface.session.inspectors import shown_here
from dfsc.models.region import Region
from dfsc.sources import load
from dfsc.training.tiled import tiled_detector

TILES = (1, 2)
WIDTH, HEIGHT = 480, 256


@pytest.fixture(scope="module")
def photographs(draw) -> list[np.ndarray]:
    return [draw(seed, WIDTH, HEIGHT) for seed in range(6)]


@pytest.fixture(scope="module")
def detector(demo_folder, photographs) -> dfsc.Detector:
    teacher = load_teacher(demo_folder / "teacher" / "demo")
    return tiled_detector(photographs, TILES, teacher, "block", {"license": "apache-2.0"})


def with_spot(picture: np.ndarray, x: int, y: int) -> np.ndarray:
    changed = picture.copy()
    changed[y - 8 : y + 8, x - 8 : x + 8] = (230, 20, 20)
    return changed


@pytest.mark.parametrize(
    ("size", "longer", "tiles"),
    [((2048, 2048), 9, (9, 9)), ((2048, 1536), 9, (7, 9)), ((1536, 2048), 9, (9, 7)), ((3000, 100), 4, (1, 4))],
)
def test_tiles_keep_the_photographs_proportions(size, longer, tiles):
    assert tiles_for(*size, longer) == tiles


def test_tiles_overlap_and_cover_all(draw):
    image = draw(0, WIDTH, HEIGHT)
    left, right = tiles_of(image[None], TILES)
    np.testing.assert_array_equal(left, image[:, :256])
    np.testing.assert_array_equal(right, image[:, 224:])
    assert resized_for(draw(0, 1000, 500), TILES).shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(tile(image, 0, 1), right)


@pytest.mark.parametrize(("x", "y"), [(60, 60), (222, 130), (240, 200), (420, 100)])
def test_a_spot_shows_where_it_is_and_one_map_has_the_photographs_size(detector, draw, x, y):
    large = np.asarray(Image.fromarray(with_spot(draw(50, WIDTH, HEIGHT), x, y)).resize((2 * WIDTH, 2 * HEIGHT)))
    inspection = dfsc.Inspector(detector).inspect(large)
    (result,) = inspection.results
    assert result.fused.shape == (56, 112)
    assert np.hypot(*np.subtract(inspection.peak_xy(result), (2 * x, 2 * y))) < 2 * 40
    map_ = place_on_image(result.fused, *inspection.size)
    assert map_.shape == large.shape[:2]
    assert map_[2 * y, 2 * x] > np.quantile(map_, 0.9)


def test_the_limit_rejects_no_photograph_that_it_is_of(detector, photographs):
    assert detector.calibration.count == len(photographs)
    scores = detector.calibration.good_parts.scores()
    assert scores.max() == detector.calibration.good_parts.threshold()
    assert detector.config.self_test.made > 10


def test_a_checkpoint_says_that_it_is_tiled_and_gives_the_same(detector, draw, tmp_path, demo_weights):
    save_detector(detector, tmp_path / "tiled", "# Card\n")
    kept, photo = load(tmp_path / "tiled"), draw(60, 700, 400)
    assert kept.config.tiles == TILES
    assert json.loads((tmp_path / "tiled" / "config.json").read_text())["tiles"] == list(TILES)
    one, other = (dfsc.inspect(photo, of).results[0] for of in (detector, kept))
    np.testing.assert_array_equal(one.fused, other.fused)
    assert one.threshold == other.threshold


@pytest.mark.parametrize("tiles", [None, [2, 1], [1, 3], [1], "all", [0, 2], [1, True], [1000, 1000]])
def test_other_tiles_than_the_models_are_refused(detector, tmp_path, demo_weights, tiles):
    save_detector(detector, tmp_path / "tiled", "# Card\n")
    config = json.loads((tmp_path / "tiled" / "config.json").read_text())
    (tmp_path / "tiled" / "config.json").write_text(json.dumps(config | {"tiles": tiles}))
    with pytest.raises(CheckpointError):
        load(tmp_path / "tiled")


def test_it_stands_alone_and_says_so(detector, tiny_detectors, photographs):
    with pytest.raises(DFSCError, match="different tiles"):
        dfsc.Inspector([detector, tiny_detectors[0]])
    with pytest.raises(CheckpointError, match="command line"):
        shown_here([detector])
    assert shown_here([tiny_detectors[0]]) == [tiny_detectors[0]]
    with pytest.raises(DFSCError, match="resized already"):
        dfsc.Inspector(detector).results(np.zeros((1, 256, 256, 3), np.uint8))
    with pytest.raises(DFSCError, match="region"):
        dfsc.restricted(detector, Region(np.ones((56, 56), bool)))
    teacher = detector.teacher
    with pytest.raises(TrainingError, match="at least 4"):
        tiled_detector(photographs[:3], TILES, teacher, "block", {})
    with pytest.raises(TrainingError, match="same tiles"):
        tiled_detector([*photographs, photographs[0][:, :256]], TILES, teacher, "block", {})


def test_the_command_line_trains_inspects_and_evaluates(tmp_path, draw, demo_weights, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder, count in (("train/good", 5), ("test/good", 2), ("test/spot", 2)):
        (tmp_path / "data" / folder).mkdir(parents=True)
        for number in range(count):
            picture = draw(count * 10 + number, WIDTH, HEIGHT)
            picture = with_spot(picture, 300, 90) if "spot" in folder else picture
            Image.fromarray(picture).save(tmp_path / "data" / folder / f"{number}.png")
    assert main(["train", "data", "--method", "fre", "--tiles", "2", "--out", "tiled"]) == 0
    assert "2 × 1 tiles, 480 × 256 pixels in all" in capsys.readouterr().err
    assert main(["evaluate", "data", "--checkpoint", "tiled", "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)["detectors"]
    assert report["auroc"]["all"]["fused"] == 1
    command = ["inspect", "data/test/spot/0.png", "--checkpoint", "tiled", "--json", "--maps", "maps"]
    assert main(command) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert abs(found["results"][0]["peak_xy"][0] - 300) < 40
    (file,) = (tmp_path / "maps").rglob("*.fused.tiff")
    assert np.asarray(Image.open(file)).shape == (HEIGHT, WIDTH)
    assert main(["train", "data", "--pair", "--tiles", "2", "--steps", "1", "--out", "pair"]) == 2
    assert main(["train", "data", "--method", "fre", "--tiles", "1", "--out", "one"]) == 2


def test_faults_on_tiles_are_placed_on_the_whole_photograph(detector):
    example = detector.config.self_test.example
    for left, top, right, bottom in example.boxes:
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    assert detector.config.self_test.share > 0.3
