"""Rows as PostgreSQL's binary COPY stream, straight from arrays: no Python object for a row or a reading.

Rows with the same NULLs and the same length of device id have the same layout, byte for byte, so each such
group is one structured NumPy array. Format: PostgreSQL documentation, "COPY", File Formats, Binary Format.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerodistance.messages import ABSENT
from zerodistance.store.schema import META_COLUMNS, TableShape

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
# Microseconds from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
_EPOCH_US = 946_684_800_000_000
_NULL = -1
_READINGS = {"float4": ">f4", "float8": ">f8", "int4": ">i4", "bool": "u1"}
_LARGEST_FLOAT4 = float(np.finfo(np.float32).max)

Ints = NDArray[np.int64]


class Rows(NamedTuple):
    """N rows of one telemetry table; ``values`` has a column for each channel of the table, NaN for NULL.

    ``quality`` is NULL in all of them.
    """

    names: list[str]
    device: Ints
    tenant: Ints
    time_us: Ints
    received_us: Ints
    boot: Ints
    seq: Ints
    values: NDArray[np.float64]

    def select(self, which: NDArray[np.bool_] | Ints) -> Rows:
        """Return some of the rows."""
        return Rows(
            self.names,
            self.device[which],
            self.tenant[which],
            self.time_us[which],
            self.received_us[which],
            self.boot[which],
            self.seq[which],
            self.values[which],
        )


def fits_columns(shape: TableShape, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return (N,): every reading is within what its column can hold."""
    good = np.ones(len(values), np.bool_)
    for column, kind in enumerate(shape.channels.values()):
        if kind == "float4":
            good &= ~(np.abs(values[:, column]) > _LARGEST_FLOAT4)
        elif kind == "int4":
            good &= ~(np.abs(np.rint(values[:, column])) > 2**31 - 1)
    return good


def copy_stream(shape: TableShape, rows: Rows) -> bytes:
    """Return the whole stream for ``COPY table (shape.columns) FROM STDIN (FORMAT BINARY)``.

    Groups follow each other; within a group the order of ``rows`` is kept.
    """
    raw = [name.encode() for name in rows.names]
    lengths = np.array([len(name) for name in raw], np.int64)[rows.device]
    nulls = np.column_stack([rows.boot == ABSENT, rows.seq == ABSENT, np.isnan(rows.values)])
    parts = [_HEADER]
    for which in _alike(nulls, lengths):
        group = rows.select(which)
        parts.append(_group(shape, group, nulls[which[0]], int(lengths[which[0]]), raw))
    parts.append(_TRAILER)
    return b"".join(parts)


def _alike(nulls: NDArray[np.bool_], lengths: Ints) -> list[Ints]:
    """Return the rows of each layout."""
    if not len(nulls):
        return []
    if (lengths == lengths[0]).all() and (nulls == nulls[0]).all():
        return [np.arange(len(nulls))]
    packed = np.column_stack([np.packbits(nulls, axis=1), lengths.astype(np.uint8)])
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, inverse = np.unique(keys, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)


def _group(shape: TableShape, rows: Rows, nulls: NDArray[np.bool_], length: int, raw: list[bytes]) -> bytes:
    columns: list[tuple[str, NDArray[np.generic] | None]] = [
        (">i8", rows.time_us - _EPOCH_US),
        (f"S{length}", np.array(raw, f"S{length}")[rows.device]),
        (">i4", rows.tenant),
        (">i8", None if nulls[0] else rows.boot),
        (">i8", None if nulls[1] else rows.seq),
        (">i8", rows.received_us - _EPOCH_US),
        (">i8", (rows.received_us - rows.time_us) // 1000),
        ("", None),  # quality
    ]
    assert len(columns) == len(META_COLUMNS)
    for column, kind in enumerate(shape.channels.values()):
        values: NDArray[np.generic] | None = None
        if not nulls[2 + column]:
            values = rows.values[:, column]
            if kind == "int4":
                values = np.rint(rows.values[:, column])
            elif kind == "bool":
                values = rows.values[:, column] != 0
        columns.append((_READINGS[kind], values))
    fields: list[tuple[str, str]] = [("n", ">i2")]
    for place, (kind, filled) in enumerate(columns):
        fields.append((f"l{place}", ">i4"))
        if filled is not None:
            fields.append((f"v{place}", kind))
    out = np.empty(len(rows.device), np.dtype(fields))
    out["n"] = len(columns)
    for place, (_, filled) in enumerate(columns):
        if filled is None:
            out[f"l{place}"] = _NULL
        else:
            out[f"l{place}"] = out.dtype[f"v{place}"].itemsize
            out[f"v{place}"] = filled
    return out.tobytes()
