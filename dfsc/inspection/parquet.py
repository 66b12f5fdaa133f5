"""A finished table of many photographs as a Parquet file, a part at a time; needs pyarrow."""

from importlib.util import find_spec
from pathlib import Path

from dfsc.errors import DFSCError
from dfsc.files import replacing

_NUMBERS = {"width": "int32", "height": "int32", "score": "float32", "limit": "float32"}


def check_installed() -> None:
    """Raises DFSCError where pyarrow is missing."""
    if find_spec("pyarrow") is None:
        raise DFSCError('Parquet files need pyarrow; install it (pip install ".[parquet]"), or name a .csv file.')


def write_parquet(table: Path, header: tuple[str, ...], file: Path) -> None:
    """Write a CSV file with that header as Parquet, all of it or nothing."""
    import pyarrow
    from pyarrow import csv, parquet

    schema = pyarrow.schema([(name, getattr(pyarrow, _NUMBERS.get(name, "string"))()) for name in header])
    parts = csv.open_csv(
        table,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=schema),
    )
    with replacing(file) as unfinished, parquet.ParquetWriter(unfinished, schema) as writer:
        for part in parts:
            writer.write_batch(part)
