"""What the heading of several photos says of them."""

import pytest

from dfsc.interface.wording import many_heading


@pytest.mark.parametrize(
    ("outcomes", "methods", "said"),
    [
        (
            {"accept": 2, "reject": 7, "foreign": 1},
            2,
            "Block: 10 photos, 2 accepted by both, 7 rejected, 1 not this product",
        ),
        ({"accept": 1}, 1, "Block: 1 photo, 1 accepted"),
        ({"accept": 3, "unsure": 1}, 3, "Block: 4 photos, 3 accepted by all, 1 unsure"),
        ({"unsure": 4}, 2, "Block: 4 photos, no verdict, as the models are not usable yet"),
        ({"unsure": 1}, 1, "Block: 1 photo, no verdict, as the model is not usable yet"),
        ({}, 0, "Block: 0 photos"),
    ],
)
def test_it_tells_what_became_of_the_photos(outcomes, methods, said):
    assert many_heading("block", outcomes, methods) == said
