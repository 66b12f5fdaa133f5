"""The library's version, which every checkpoint notes."""

__version__ = "0.1.0"
