"""CSV files of any kind in pieces of numbers, and scores written beside their times."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

import numpy as np
from numpy.typing import NDArray

from zerodistance.errors import SettingsError

if TYPE_CHECKING:
    from models.streaming.score import Scores

Floats = NDArray[np.float64]

PIECE_ROWS = 100_000
PIECE_CELLS = 4_000_000
LOOKED_AT = 1_000
"""Rows from which the format of the times and the columns that hold numbers are known."""
MOST_UNFIT = 0.1
"""Share of times that may be unreadable or go back; beyond it, the column is taken for the wrong one."""
MOST = 1e100
"""A larger number is no reading: its square would not be a number any more."""
TRUTH = frozenset(
    (
        *("anomaly", "anomalies", "is_anomaly", "anomaly_score", "anomaly_label", "label", "labels"),
        *("changepoint", "change_point", "outlier", "is_outlier", "alarm"),
        *("ground_truth", "truth", "fault_label"),
    )
)
"""Names of columns that say what ought to be found; they are read only when they are asked for."""
_FORMATS = (
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%b-%Y %H:%M:%S",
)
_WORDS = {"true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0, "yes": 1.0, "no": 0.0}


@dataclass(frozen=True)
class Piece:
    """Some rows: times as written, times in seconds (ascending), values (N, C) with NaN for no reading."""

    times: list[str]
    time_s: Floats
    values: Floats


class Table:
    """A CSV file with a header line, read in pieces; what had to be mended is counted.

    Args:
        path: the file.
        time: column of the times.
        values: columns of the values; None for all that hold numbers.
        sep: what separates columns; ``\\t`` may be written.
        first_rows: rows that the first piece holds at least.

    Raises:
        SettingsError: the file or a column is not there or not what is needed.
    """

    def __init__(
        self, path: Path, time: str, values: Sequence[str] | None, sep: str, *, first_rows: int = 0
    ) -> None:
        sep = {"\\t": "\t", "tab": "\t"}.get(sep, sep)
        if len(sep) != 1:
            raise SettingsError(f"--sep {sep!r}: one character is needed, or tab.")
        self._path, self._sep, self._first_rows = path, sep, first_rows
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error}.") from error
        self.size = path.stat().st_size
        self.read_bytes = 0
        self._reader = csv.reader(self._lines(), delimiter=sep)
        header = [name.strip() for name in next(self._rows(), [])]
        if not header:
            raise SettingsError(f"{path} is empty: a header line and rows are needed.")
        self._time_at = self._place(header, time, "--time")
        self._head = list(islice(self._rows(), LOOKED_AT))
        self._left_out: list[str] = []
        if values is None:
            places = self._numeric(header)
        else:
            places = [self._place(header, name, "--values") for name in values]
        if self._time_at in places:
            raise SettingsError(f"--values names the time column {time!r}: leave it out.")
        if not places:
            raise SettingsError(f"{path} has no column of numbers beside {time!r}: name one with --values.")
        self._places = places
        self.columns = [header[place] for place in places]
        self._clock = _Clock(path, time, [self._cell(row, self._time_at) for row in self._head])
        self._odd_cells = self._missing_cells = self._rows_read = 0
        self._last_s = -np.inf

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows of the file."""
        rows = min(PIECE_ROWS, max(1_000, PIECE_CELLS // len(self._places)))
        want = max(rows, self._first_rows + 1)
        pending = self._head
        self._head = []
        while True:
            pending += islice(self._rows(), max(0, want - len(pending)))
            if not pending:
                return
            yield self._piece(pending)
            pending, want = [], rows

    def remarks(self) -> list[str]:
        """Return what a reader of the scores should know about the file."""
        cells = max(1, self._rows_read * len(self._places))
        remarks = []
        if self._left_out:
            remarks.append(
                f"Left out, because the name says that it is the truth: {', '.join(self._left_out)}. "
                "Name it in --values if it is a reading."
            )
        if self._missing_cells:
            share = 100 * self._missing_cells / cells
            remarks.append(f"{self._missing_cells:,} values are missing ({share:.2g} %): not judged.")
        if self._odd_cells:
            remarks.append(f"{self._odd_cells:,} values are no numbers: taken as missing.")
        return remarks + self._clock.remarks()

    def _lines(self) -> Iterator[str]:
        for number, line in enumerate(self._file):
            self.read_bytes += len(line)
            if b"\0" in line:
                line = line.replace(b"\0", b"")
            yield line.decode("utf-8-sig" if number == 0 else "utf-8", errors="replace")

    def _rows(self) -> Iterator[list[str]]:
        """Yield the rows that are not blank."""
        try:
            for row in self._reader:
                if row and (len(row) > 1 or row[0].strip()):
                    yield row
        except (csv.Error, OSError) as error:
            raise SettingsError(f"{self._path}, line {self._reader.line_num}: {error}.") from error

    def _place(self, header: list[str], name: str, option: str) -> int:
        if name in header:
            return header.index(name)
        hint = ""
        if len(header) == 1:
            other = next((mark for mark in ";,\t|" if mark in header[0] and mark != self._sep), None)
            if other:
                hint = f" Its columns seem to be separated by {other!r}: say so with --sep."
        raise SettingsError(
            f"{self._path} has no column {name!r} ({option}): it has {', '.join(header[:40])}.{hint}"
        )

    def _numeric(self, header: list[str]) -> list[int]:
        places = []
        for place, name in enumerate(header):
            if place == self._time_at:
                continue
            cells = [self._cell(row, place) for row in self._head]
            filled = [cell for cell in cells if cell and not _is_missing(cell)]
            numbers = sum(1 for cell in filled if self._number(cell) is not None)
            if self._head and numbers < max(1, 0.9 * len(filled)):
                continue
            if name.lower().replace(" ", "_") in TRUTH or "ground truth" in name.lower():
                self._left_out.append(name)
                continue
            places.append(place)
        return places

    def _cell(self, row: list[str], place: int) -> str:
        return row[place].strip() if place < len(row) else ""

    def _number(self, cell: str) -> float | None:
        try:
            return float(cell)
        except ValueError:
            pass
        if self._sep != "," and "," in cell:  # a decimal comma
            try:
                return float(cell.replace(".", "").replace(",", "."))
            except ValueError:
                return None
        return _WORDS.get(cell.lower())

    def _piece(self, rows: list[list[str]]) -> Piece:
        self._rows_read += len(rows)
        values = np.empty((len(rows), len(self._places)))
        for column, place in enumerate(self._places):
            cells = [row[place] if place < len(row) else "" for row in rows]
            try:
                values[:, column] = np.array(cells, dtype=np.float64)
            except ValueError:
                values[:, column] = [self._reading(cell.strip()) for cell in cells]
        values[~(np.abs(values) <= MOST)] = np.nan
        self._missing_cells += int(np.isnan(values).sum())
        times = [self._cell(row, self._time_at) for row in rows]
        return Piece(times, self._clock.seconds(times), values)

    def _reading(self, cell: str) -> float:
        if not cell or _is_missing(cell):
            return np.nan
        number = self._number(cell)
        if number is None:
            self._odd_cells += 1
            return np.nan
        return number


class _Clock:
    """Reads times of one format; what cannot be read takes the time of the row before it."""

    def __init__(self, path: Path, column: str, first: list[str]) -> None:
        self._path, self._column = path, column
        self._unreadable = self._backward = self._repeated = self._rows = 0
        self._last = np.nan
        self._scale = 1.0
        self._format: str | None = None
        filled = [text for text in first if text]
        self._is_number = bool(filled) and sum(_is_float(text) for text in filled) > len(filled) // 2
        if self._is_number:
            size = max((abs(float(text)) for text in filled if _is_float(text)), default=0.0)
            self._scale = next(
                (s for limit, s in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)) if size > limit), 1.0
            )
            return
        for form in (None, *_FORMATS):
            readable = sum(_moment(text, form) is not None for text in filled)
            if filled and readable >= (1.0 - MOST_UNFIT) * len(filled):
                self._format = form
                return
        if filled:
            raise SettingsError(
                f"{path}: the times in column {column!r} cannot be read, for example {filled[0]!r}. "
                "Write them as 2026-01-31T12:00:00Z, 01/31/2026 12:00, epoch seconds, or a running number."
            )

    def seconds(self, times: list[str]) -> Floats:
        """Return the times in seconds, never falling."""
        if self._is_number:
            read = np.array([float(text) / self._scale if _is_float(text) else np.nan for text in times])
        else:
            read = np.array([_seconds(text, self._format) for text in times])
        start = 0 if np.isfinite(self._last) else 1
        joined = np.concatenate([[self._last], read])
        known = np.isfinite(joined)
        highest = np.maximum.accumulate(np.where(known, joined, -np.inf))
        if not known.any():
            raise SettingsError(f"{self._path}: column {self._column!r} holds no time that can be read.")
        self._rows += len(times)
        self._unreadable += int((~known[1:]).sum())
        back = known[1:] & (joined[1:] < highest[:-1])
        same = known[1:] & (joined[1:] == highest[:-1])
        self._backward += int(back.sum())
        self._repeated += int(same.sum())
        if self._backward + self._unreadable > max(3, MOST_UNFIT * self._rows):
            row = int(np.flatnonzero(back | ~known[1:])[0]) if (back | ~known[1:]).any() else 0
            raise SettingsError(
                f"{self._path}: {self._backward:,} of {self._rows:,} rows go back in time and "
                f"{self._unreadable:,} have no readable time (first {times[row]!r}): "
                f"sort the file by {self._column!r}."
            )
        lowest = float(joined[known].min())
        self._last = float(highest[-1])
        return np.asarray(np.where(np.isfinite(highest[1:]), highest[1:], lowest)) if start else highest[1:]

    def remarks(self) -> list[str]:
        """Return what had to be mended."""
        found = []
        if self._backward:
            found.append(f"{self._backward:,} rows go back in time: judged in the order of the file.")
        if self._repeated:
            found.append(f"{self._repeated:,} rows repeat the time before them: judged as rows of their own.")
        if self._unreadable:
            found.append(f"{self._unreadable:,} times cannot be read: taken as those of the rows before.")
        return found


def write_rows(
    target: TextIO, times: list[str], scores: Scores, columns: list[str], *, with_header: bool
) -> None:
    """Write a row for each time: time, anomaly_score, alarm, top_channel."""
    writer = csv.writer(target, lineterminator="\n")
    if with_header:
        writer.writerow(("time", "anomaly_score", "alarm", "top_channel"))
    writer.writerows(
        (time, f"{score:.6f}", int(alarm), columns[top])
        for time, score, alarm, top in zip(
            times, scores.score.tolist(), scores.alarm.tolist(), scores.top.tolist(), strict=True
        )
    )


def _is_missing(cell: str) -> bool:
    return cell.lower() in ("nan", "na", "n/a", "null", "none", "-", "?")


def _is_float(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _moment(text: str, form: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds(text: str, form: str | None) -> float:
    moment = _moment(text, form)
    return moment.timestamp() if moment else np.nan
