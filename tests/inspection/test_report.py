"""What one takes away from an inspection: every figure, every map, and a picture that can be looked at."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from dfsc.geometry import place_on_image
from dfsc.inspection.inspector import Inspection, Inspector
from dfsc.inspection.report import report_picture, write_inspection
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
        assert len(archive.namelist()) == 3 + 3 * len(inspection.results)


def test_the_picture_grows_with_the_methods_and_is_not_empty(inspection):
    both = Image.open(io.BytesIO(report_picture(inspection, "part")))
    one = Image.open(io.BytesIO(report_picture(Inspection(inspection.image, inspection.results[:1]), "part")))
    assert both.height > one.height > 200
    assert np.asarray(both.convert("L")).std() > 20
