"""Series for others: JSON rows, CSV (RFC 4180), Parquet. Bounded memory: one slice at a time.

CSV: comma, CRLF, a header line in which a unit stands in brackets, times in RFC 3339, booleans 0 and 1,
nothing where there is no reading. Text that a spreadsheet would take for a formula gets an apostrophe
before it (OWASP, "CSV Injection"); numbers are never touched.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import msgspec

from zerodistance.errors import SettingsError
from zerodistance.store.series import Column, Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ENCODE = msgspec.json.Encoder()


class Writer(ABC):
    """Turns slices into pieces of one document: :meth:`begin`, :meth:`rows` again and again, :meth:`end`.

    Args:
        columns: after time (and device).
        zone: in which times are written; Parquet holds instants and keeps its name.
        device: whether each row names its device.
    """

    media_type: str
    suffix: str

    def __init__(self, columns: Sequence[Column], zone: tzinfo = UTC, *, device: bool = True) -> None:
        self.columns = list(columns)
        self.zone = zone
        self.device = device

    def begin(self) -> bytes:
        """Return what comes before the first row."""
        return b""

    @abstractmethod
    def rows(self, device: str, rows: Sequence[Row]) -> bytes:
        """Return rows of one device, written."""

    def end(self) -> bytes:
        """Return what comes behind the last row."""
        return b""


class JsonRows(Writer):
    """The elements of a JSON array, without its brackets: ``[time, value, …]`` each."""

    media_type, suffix = "application/json", ".json"
    _begun = False

    def rows(self, device: str, rows: Sequence[Row]) -> bytes:
        """Return rows, with a comma before them unless they are the first."""
        before = b"," if self._begun and rows else b""
        self._begun = self._begun or bool(rows)
        named = [device] if self.device else []
        return before + b",".join(
            _ENCODE.encode([row[0].astimezone(self.zone), *named, *row[1:]]) for row in rows
        )


class CsvRows(Writer):
    """Comma-separated values."""

    media_type, suffix = "text/csv; charset=utf-8; header=present", ".csv"

    def begin(self) -> bytes:
        """Return the header line."""
        named = ["device_id"] if self.device else []
        units = [f"{c.name} [{c.unit}]" if c.unit else c.name for c in self.columns]
        return (",".join(map(csv_text, ("time", *named, *units))) + "\r\n").encode()

    def rows(self, device: str, rows: Sequence[Row]) -> bytes:
        """Return one line for each row."""
        named = f"{csv_text(device)}," if self.device else ""
        lines = [
            f"{_stamp(row[0], self.zone)},{named}{','.join([self._field(value) for value in row[1:]])}\r\n"
            for row in rows
        ]
        return "".join(lines).encode()

    def _field(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "1" if value else "0"
        if isinstance(value, float | int):
            return repr(value)
        if isinstance(value, datetime):
            return _stamp(value, self.zone)
        return csv_text(value if isinstance(value, str) else json.dumps(value, sort_keys=True))


class ParquetRows(Writer):
    """Parquet, compressed with zstd; one row group for about 100,000 rows.

    Types are those of the store (``real`` stays 4 bytes); each field carries its unit, channel and aggregate.

    Raises:
        SettingsError: pyarrow is not installed.
    """

    media_type, suffix = "application/vnd.apache.parquet", ".parquet"
    _GROUP = 100_000

    def __init__(self, columns: Sequence[Column], zone: tzinfo = UTC, *, device: bool = True) -> None:
        super().__init__(columns, zone, device=device)
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise SettingsError(
                "Parquet needs pyarrow, which is not installed: install zerodistance[parquet], or take CSV."
            ) from error
        self._arrow: Any = pyarrow
        self._sink = _Sink()
        self._waiting: list[list[Any]] = []
        self._count = 0
        self._schema = self._make_schema()
        self._writer: Any = pyarrow.parquet.ParquetWriter(self._sink, self._schema, compression="zstd")

    def begin(self) -> bytes:
        """Return the file's magic number."""
        return self._sink.take()

    def rows(self, device: str, rows: Sequence[Row]) -> bytes:
        """Return what is complete by now: nothing until a row group is full."""
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            if self.device:
                columns.insert(1, [device] * len(rows))
            if self._waiting:
                for kept, new in zip(self._waiting, columns, strict=True):
                    kept.extend(new)
            else:
                self._waiting = columns
            self._count += len(rows)
        if self._count >= self._GROUP:
            self._flush()
        return self._sink.take()

    def end(self) -> bytes:
        """Return the last row group and the footer."""
        self._flush()
        self._writer.close()
        return self._sink.take()

    def join(self, parts: Sequence[Path], path: Path) -> None:
        """Write the row groups of several files as one file; this writer itself is used for nothing else."""
        with self._arrow.parquet.ParquetWriter(path, self._schema, compression="zstd") as writer:
            for part in parts:
                file = self._arrow.parquet.ParquetFile(part)
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group).cast(self._schema))

    def _flush(self) -> None:
        if not self._count:
            return
        columns = [
            [None if value is None else json.dumps(value, sort_keys=True) for value in column]
            if field.metadata and field.metadata.get(b"kind") == b"json"
            else column
            for field, column in zip(self._schema, self._waiting, strict=True)
        ]
        arrays = [
            self._arrow.array(column, type=field.type)
            for field, column in zip(self._schema, columns, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._waiting, self._count = [], 0

    def _make_schema(self) -> Any:
        arrow = self._arrow
        moment = arrow.timestamp("us", tz=getattr(self.zone, "key", None) or "UTC")
        kinds = {
            "real": arrow.float32(),
            "double": arrow.float64(),
            "integer": arrow.int32(),
            "bigint": arrow.int64(),
            "boolean": arrow.bool_(),
            "json": arrow.string(),
            "time": moment,
        }
        fields = [arrow.field("time", moment, nullable=False)]
        if self.device:
            fields.append(arrow.field("device_id", arrow.string(), nullable=False))
        for column in self.columns:
            said = {"kind": column.kind, "unit": column.unit}
            said |= {"channel": column.channel, "aggregate": column.aggregate}
            fields.append(
                arrow.field(column.name, kinds[column.kind], metadata={k: v for k, v in said.items() if v})
            )
        return arrow.schema(fields)


WRITERS: dict[str, type[Writer]] = {"json": JsonRows, "csv": CsvRows, "parquet": ParquetRows}


def csv_text(text: str) -> str:
    """Return a text as one CSV field that no spreadsheet takes for a formula.

    >>> csv_text("=1+1"), csv_text('say "no", please'), csv_text("plain")
    ("'=1+1", '"say ""no"", please"', 'plain')
    """
    if text.startswith(_FORMULA):
        text = "'" + text
    if any(mark in text for mark in ',"\r\n'):
        text = '"' + text.replace('"', '""') + '"'
    return text


def _stamp(moment: datetime, zone: tzinfo) -> str:
    text = moment.astimezone(zone).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


class _Sink:
    """A file that is only written; what was written is taken away in between."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)

    def tell(self) -> int:
        return self._at

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def flush(self) -> None:
        return

    def close(self) -> None:
        self.closed = True
