"""What one takes away from an inspection: every figure, every map, and a picture that can be looked at."""

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from dfsc.geometry import place_on_image
from dfsc.inspection.inspector import Inspector
from dfsc.inspection.quality_record import Circumstances
from dfsc.inspection.report import report_picture, write_inspection
from dfsc.inspection.results import Inspection
from dfsc.interface.session.settings import Settings
from dfsc.models.detector import Detector


@pytest.fixture
def inspection(demo_detectors: list[Detector], draw) -> Inspection:
    return Settings(0.3, 1).applied(Inspector(demo_detectors).inspect(draw(3, 160, 120)))


def test_the_zip_holds_record_maps_and_pictures(inspection, tmp_path):
    file = tmp_path / "report.zip"
    write_inspection(inspection, "part $7$.png", file)
    with zipfile.ZipFile(file) as archive:
        record = json.loads(archive.read("inspection.json"))
        assert (record["photograph"], record["size"]) == ("part $7$.png", [160, 120])
        for said, result in zip(record["results"], inspection.results, strict=True):
            assert said["score"] == pytest.approx(result.score)
            assert (said["verdict"], said["local_weight"], said["rejected_good"]) == (result.verdict, 0.3, 1)
            with Image.open(io.BytesIO(archive.read(f"maps/{result.detector}.fused.tiff"))) as tiff:
                assert tiff.mode == "F"
                np.testing.assert_array_equal(np.asarray(tiff), place_on_image(result.fused, 160, 120))
        with Image.open(io.BytesIO(archive.read("photograph.png"))) as photograph:
            np.testing.assert_array_equal(np.asarray(photograph), inspection.image)
        assert len(archive.namelist()) == 4 + 3 * len(inspection.results)


def test_the_record_to_print_says_what_an_auditor_asks(inspection, tmp_path):
    file = tmp_path / "report.zip"
    made = Circumstances(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), "Toy <block>", "sha256:" + "ab" * 32, (1600, 1200))
    results = [replace(result, weights_digest="sha256:" + "cd" * 32) for result in inspection.results]
    write_inspection(replace(inspection, results=tuple(results)), "part <7>.png", file, made)
    with zipfile.ZipFile(file) as archive:
        page = archive.read("report.html").decode()
        record = json.loads(archive.read("inspection.json"))
    for said in (
        "2026-03-04 05:06:07 UTC",
        "Toy &lt;block&gt;",
        "part &lt;7&gt;.png, 1600 × 1200",
        "ab" * 32,
        "cd" * 32,
    ):
        assert said in page
    for result in results:
        assert f"{result.score:.3f}" in page
        assert f"{result.good.count}, of which it rejects 1" in page
    for blank in ("Name", "Remark"):
        assert blank in page
    assert not re.search(r"""(src|href)="(?!data:)|url\(""", page)
    assert (record["date"], record["photograph_digest"]) == ("2026-03-04T05:06:07+00:00", made.photo_digest)
    assert record["results"][0]["weights_digest"] == results[0].weights_digest
    assert record["results"][0]["good_parts"] == results[0].good.count


def test_a_detector_that_was_never_saved_has_no_digest(inspection, tmp_path):
    file = tmp_path / "report.zip"
    results = tuple(replace(result, weights_digest="") for result in inspection.results)
    write_inspection(replace(inspection, results=results), "part.png", file)
    with zipfile.ZipFile(file) as archive:
        assert archive.read("report.html").decode().count("not saved as a file") == len(results) + 1


def test_the_picture_grows_with_the_methods_and_is_not_empty(inspection):
    both = Image.open(io.BytesIO(report_picture(inspection, "part")))
    one = Image.open(io.BytesIO(report_picture(Inspection(inspection.image, inspection.results[:1]), "part")))
    assert both.height > one.height > 200
    assert np.asarray(both.convert("L")).std() > 20
