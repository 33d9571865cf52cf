"""Tables of results: bytes of Parquet and CSV, and any of the libraries that read them."""

from __future__ import annotations

import importlib
import io
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from ._native import Packed


class Table:
    """A table of results. ``parquet`` and ``csv`` are the bytes that ``sharxi-sim`` writes; equal tables are equal bytes.

    Whatever understands the Arrow PyCapsule interface takes a table as it is; that needs PyArrow or Polars.

    >>> swept.runs.to_polars()
    >>> duckdb.sql("select avg(rejected) from runs")  # with runs = swept.runs.to_arrow()
    """

    parquet: bytes
    csv: bytes
    columns: list[str]

    def __init__(self, packed: Packed) -> None:
        self.parquet, self.csv, self.columns, self._rows = packed

    def __len__(self) -> int:
        return self._rows

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and (self.parquet, self.csv) == (other.parquet, other.csv)

    def __hash__(self) -> int:
        return hash(self.parquet)

    def __repr__(self) -> str:
        return f"<sharxi.Table of {len(self)} rows and {len(self.columns)} columns>"

    def to_arrow(self) -> pyarrow.Table:
        """As a table of PyArrow."""
        return _library("pyarrow.parquet", "arrow").read_table(io.BytesIO(self.parquet))

    def to_polars(self) -> polars.DataFrame:
        """As a data frame of Polars."""
        return _library("polars", "polars").read_parquet(io.BytesIO(self.parquet))

    def to_pandas(self) -> pandas.DataFrame:
        """As a data frame of pandas."""
        return _library("pandas", "pandas").read_parquet(io.BytesIO(self.parquet))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The Arrow PyCapsule interface, by way of PyArrow or else Polars."""
        try:
            found: Any = self.to_arrow()
        except ImportError:
            found = self.to_polars()
        return found.__arrow_c_stream__(requested_schema)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the table as Parquet or, if ``path`` ends in ``.csv``, as CSV."""
        with open(path, "wb") as file:
            file.write(self.csv if os.fspath(path).endswith(".csv") else self.parquet)


def _library(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        raise ImportError(f"{name.split('.')[0]} is not installed; try: pip install sharxi[{extra}]") from missing
