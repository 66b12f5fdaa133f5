"""Photographs of made-up products with made-up defects, drawn from a seed: data with exact ground truth for all."""

from dfsc.scenes.dataset import Counts, Progress, write_dataset
from dfsc.scenes.product import DefectKind, Product, Rendering
from dfsc.scenes.rendering import PRODUCTS, render

__all__ = ["PRODUCTS", "Counts", "DefectKind", "Product", "Progress", "Rendering", "render", "write_dataset"]
