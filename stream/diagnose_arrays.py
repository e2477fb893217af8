"""Samples of one appliance type as arrays, with as little Python per sample as possible.

Most come from the log as columns, and stay so. The others come one by one: devices of one firmware send the
same channels in the same order, so samples are grouped by that order and each group becomes an array in one
go. Only readings with quality codes are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerodistance.messages import Block, Quality, Sample


class Arrays(NamedTuple):
    """N samples: rows of devices, event times, (N, C) readings (NaN: none) and (N, C) impossible readings."""

    device: NDArray[np.int64]
    time_us: NDArray[np.int64]
    values: NDArray[np.float32]
    bad: NDArray[np.bool_]


def to_arrays(samples: Sequence[Sample], channels: Sequence[str], row_of: Callable[[str], int]) -> Arrays:
    """Turn samples of one type into arrays.

    Args:
        samples: of one appliance type, in any order; the order is not kept.
        channels: the columns wanted; other channels are left out.
        row_of: device id → row.
    """
    place = {name: position for position, name in enumerate(channels)}
    groups: dict[tuple[str, ...], list[Sample]] = {}
    odd: list[Sample] = []
    for sample in samples:
        if sample.quality:
            odd.append(sample)
            continue
        names = tuple(sample.values)
        group = groups.get(names)
        if group is None:
            groups[names] = [sample]
        else:
            group.append(sample)
    ordered = [*chain.from_iterable(groups.values()), *odd]
    size = len(ordered)
    values = np.full((size, len(channels)), np.nan, np.float32)
    bad = np.zeros((size, len(channels)), np.bool_)
    start = 0
    for names, group in groups.items():
        end = start + len(group)
        if names:
            flat = chain.from_iterable([sample.values.values() for sample in group])
            try:
                block = np.fromiter(flat, np.float64, len(names) * len(group))
            except TypeError:  # a None without a quality code
                block = np.array([list(sample.values.values()) for sample in group], np.float64)
            block = block.reshape(len(group), len(names))
            wanted = [(source, place[name]) for source, name in enumerate(names) if name in place]
            if wanted:
                sources, targets = zip(*wanted, strict=True)
                values[start:end, list(targets)] = block[:, list(sources)]
        start = end
    for row, sample in enumerate(odd, start=start):
        for name, value in sample.values.items():
            column = place.get(name)
            if column is not None and value is not None:
                values[row, column] = value
        for name, code in sample.quality.items():
            column = place.get(name)
            if column is not None and code in (Quality.BELOW_VALID, Quality.ABOVE_VALID):
                bad[row, column] = True
    device = np.fromiter((row_of(sample.device) for sample in ordered), np.int64, size)
    time_us = np.fromiter((sample.time_us for sample in ordered), np.int64, size)
    return Arrays(device, time_us, values, bad)


def block_arrays(block: Block, channels: Sequence[str], row_of: Callable[[str], int]) -> Arrays:
    """Turn columns of one type into arrays; arguments as for :func:`to_arrays`."""
    place = {name: position for position, name in enumerate(channels)}
    wanted = [(source, place[name]) for source, name in enumerate(block.channels) if name in place]
    size = len(block.device)
    values = np.full((size, len(channels)), np.nan, np.float32)
    bad = np.zeros((size, len(channels)), np.bool_)
    if wanted:
        sources, targets = zip(*wanted, strict=True)
        values[:, list(targets)] = block.values[:, list(sources)]
    for row, source, code in block.quality:
        column = place.get(block.channels[source])
        if column is not None and code in (Quality.BELOW_VALID, Quality.ABOVE_VALID):
            bad[row, column] = True
    rows = np.array([row_of(name) for name in block.devices], np.int64)
    return Arrays(rows[block.device], block.time_us, values, bad)


def without(block: Block, excluded: Callable[[str], bool]) -> Block | None:
    """Return the block without the samples of the devices that are excluded; None if nothing is left."""
    keep = np.array([not excluded(name) for name in block.devices], np.bool_)
    if keep.all():
        return block
    rows = keep[block.device]
    if not rows.any():
        return None
    place, row = np.cumsum(keep) - 1, np.cumsum(rows) - 1
    return block._replace(
        devices=[name for name, kept in zip(block.devices, keep.tolist(), strict=True) if kept],
        device=place[block.device[rows]],
        time_us=block.time_us[rows],
        received_us=block.received_us[rows],
        boot=block.boot[rows],
        seq=block.seq[rows],
        oldest=block.oldest[rows],
        values=block.values[rows],
        quality=[(int(row[r]), column, code) for r, column, code in block.quality if rows[r]],
    )


def join_arrays(pieces: Sequence[Arrays]) -> Arrays:
    """Put arrays one after the other; there is at least one."""
    device, time_us, values, bad = zip(*pieces, strict=True)
    return Arrays(
        np.concatenate(device), np.concatenate(time_us), np.concatenate(values), np.concatenate(bad)
    )
