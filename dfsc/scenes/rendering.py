"""The register of products, and the whole way from a product's name and a seed to a picture with its masks."""

from collections.abc import Sequence

from dfsc.errors import DatasetError
from dfsc.scenes.optics.camera import develop, lens
from dfsc.scenes.optics.lighting import shade, studio
from dfsc.scenes.optics.noise import stream
from dfsc.scenes.optics.surface import SHAPE, empty_surface
from dfsc.scenes.product import DefectKind, Product, Rendering
from dfsc.scenes.products import dosing_vial, mounting_kit, pin_tray, terminal_block

PRODUCTS: dict[str, Product] = {
    product.name: product
    for product in (terminal_block.PRODUCT, pin_tray.PRODUCT, dosing_vial.PRODUCT, mounting_kit.PRODUCT)
}


def find_product(name: str) -> Product:
    """The product of that name; DatasetError, which names the known ones, if there is none."""
    if name not in PRODUCTS:
        raise DatasetError(
            f"There is no product named {name!r}; the known products are: {', '.join(sorted(PRODUCTS))}."
        )
    return PRODUCTS[name]


def find_kinds(product: Product, names: Sequence[str]) -> tuple[DefectKind, ...]:
    """The product's kinds of defect of these names, each at most once; DatasetError otherwise."""
    known = {kind.name: kind for kind in product.kinds}
    for name in names:
        if name not in known:
            raise DatasetError(f"{product.name} has no defect named {name!r}; it has: {', '.join(known)}.")
    if len(set(names)) < len(names):
        raise DatasetError("Each kind of defect can be asked for only once in a picture.")
    return tuple(known[name] for name in names)


def check_seed(seed: int) -> int:
    """The seed itself; DatasetError if it is negative."""
    if seed < 0:
        raise DatasetError(f"A seed can't be negative, but it is {seed}.")
    return seed


def render(product: str, seed: int, defects: Sequence[str] = ()) -> Rendering:
    """A photograph (768, 1024, 3) of one unit with the named defects, and a mask a defect.

    The same arguments give the same picture, bit for bit. The same seed with other defects gives the same unit in the
    same pose, light and noise, so that only the defects differ.
    """
    chosen, seed = find_product(product), check_seed(seed)
    kinds = find_kinds(chosen, defects)
    surface = empty_surface(chosen.place(stream(seed, "pose"), SHAPE), seed)
    masks = chosen.paint(surface, seed, kinds)
    light = shade(surface, studio(stream(seed, "light")))
    image = develop(lens(light, surface.height, stream(seed, "lens")), stream(seed, "sensor"))
    return Rendering(image, masks)
