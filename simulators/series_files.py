"""Files of series: one row a sample, ``time, device_id`` and one column for each channel of the type.

Parquet needs pyarrow (the extra ``parquet``); CSV needs nothing. Values are the numbers that the appliance
would send; a reading that failed is null, in CSV an empty field.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerodistance.catalogue import ApplianceType
from zerodistance.errors import SettingsError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Portion:
    """Samples of one type in order of device and time.

    Attributes:
        ids: all devices of the type.
        device: index into ``ids``, (samples,).
        time_ms: the appliance's own clock, milliseconds since 1970, (samples,).
        values: channel → (samples,), NaN where the reading failed.
    """

    ids: Sequence[str]
    device: NDArray[np.int32]
    time_ms: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]


class SeriesFormat(ABC):
    """How parts are written and joined; ``suffix`` of its files."""

    suffix: str

    @abstractmethod
    def write_part(self, path: Path, portion: Portion, appliance: ApplianceType) -> None:
        """Write one portion."""

    @abstractmethod
    def join(self, parts: Sequence[Path], path: Path) -> int:
        """Make one file of the parts, in their order, and return its samples."""


class CsvSeries(SeriesFormat):
    """Comma-separated values with a header line; times are RFC 3339 in UTC, booleans 0 and 1."""

    suffix = ".csv"

    def write_part(self, path: Path, portion: Portion, appliance: ApplianceType) -> None:
        """Write one portion, with the header line."""
        stamps = np.datetime_as_string(portion.time_ms.astype("datetime64[ms]")).tolist()
        columns: list[list[str]] = [
            [stamp + "Z" for stamp in stamps],
            [portion.ids[number] for number in portion.device.tolist()],
        ]
        for name, channel in appliance.channels.items():
            values = portion.values[name].tolist()
            if channel.storage == "boolean":
                columns.append(["" if value != value else "1" if value else "0" for value in values])
            else:
                columns.append(["" if value != value else repr(value) for value in values])
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(("time", "device_id", *appliance.channels)) + "\n")
            file.writelines(",".join(row) + "\n" for row in zip(*columns, strict=True))

    def join(self, parts: Sequence[Path], path: Path) -> int:
        """Put the parts one behind the other, with the first one's header line."""
        lines = 0
        with path.open("wb") as whole:
            for number, part in enumerate(parts):
                with part.open("rb") as file:
                    header = file.readline()
                    if number == 0:
                        whole.write(header)
                    while block := file.read(1 << 20):
                        whole.write(block)
                        lines += block.count(b"\n")
        return lines


class ParquetSeries(SeriesFormat):
    """Parquet with one row group for each portion; times as UTC milliseconds, device ids as a dictionary."""

    suffix = ".parquet"

    def __init__(self) -> None:
        """Load pyarrow.

        Raises:
            SettingsError: it is not installed.
        """
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise SettingsError(
                "Parquet needs pyarrow, which is not installed: install zerodistance[parquet], or give "
                "--batch a file that ends in .csv."
            ) from error
        self._arrow: Any = pyarrow
        self._parquet: Any = pyarrow.parquet

    def write_part(self, path: Path, portion: Portion, appliance: ApplianceType) -> None:
        """Write one portion."""
        self._parquet.write_table(self._table(portion, appliance), path, compression="zstd")

    def join(self, parts: Sequence[Path], path: Path) -> int:
        """Write the parts as row groups of one file."""
        rows = 0
        schema = self._parquet.read_schema(parts[0])
        with self._parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for part in parts:
                table = self._parquet.read_table(part)
                writer.write_table(table, row_group_size=max(1, table.num_rows))
                rows += table.num_rows
        return rows

    def _table(self, portion: Portion, appliance: ApplianceType) -> pa.Table:
        arrow = self._arrow
        columns = {
            "time": arrow.array(portion.time_ms, type=arrow.timestamp("ms", tz="UTC")),
            "device_id": arrow.DictionaryArray.from_arrays(
                arrow.array(portion.device), arrow.array(portion.ids, type=arrow.string())
            ),
        }
        for name, channel in appliance.channels.items():
            missing = np.isnan(portion.values[name])
            if channel.storage == "boolean":
                columns[name] = arrow.array(portion.values[name] > 0.5, mask=missing)
            else:
                columns[name] = arrow.array(portion.values[name], mask=missing)
        return arrow.table(columns)


def format_of(target: Path) -> SeriesFormat:
    """Return the format that a target's name asks for; a folder gets Parquet.

    Raises:
        SettingsError: Parquet without pyarrow, or a suffix that is neither.
    """
    suffix = target.suffix.lower()
    if suffix == ".csv":
        return CsvSeries()
    if suffix in ("", ".parquet") or target.is_dir():
        return ParquetSeries()
    raise SettingsError(f"--batch {target} is not understood: end it in .parquet or .csv, or name a folder.")
