"""What pyproject.toml can't say: the teachers lie in weights/ of a checkout, and in dfsc/weights/ of the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["dfsc", "dfsc.*"]), "dfsc.weights"],
    package_dir={"dfsc.weights": "weights"},
    package_data={"dfsc": ["py.typed"], "dfsc.interface": ["static/*"], "dfsc.weights": ["teacher/*/*"]},
    include_package_data=False,
)
