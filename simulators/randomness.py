"""Random numbers that depend on what they are for, never on when they were drawn.

Every draw is keyed by the fleet's seed, a purpose and a few whole numbers (a day, a chunk of time), so a
run that stops and resumes, or steps in other portions, sees the same households and the same sensor noise.
"""

from __future__ import annotations

import zlib

import numpy as np


def keyed(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """Return the generator of ``purpose`` for ``numbers``; the same arguments give the same stream.

    >>> float(keyed(1, "weather", 5).random()) == float(keyed(1, "weather", 5).random())
    True
    """
    words = (seed, zlib.crc32(purpose.encode()), *(number & 0xFFFFFFFF for number in numbers))
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(words)))
