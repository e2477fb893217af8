"""Python's garbage collector in processes that run for long and take in thousands of messages a second."""

from __future__ import annotations

import gc

# The collector looks for cycles after so many new objects. With Python's 700 it goes over every message under
# way again and again; nothing on their way makes cycles, so that it would find nothing.
_YOUNG, _MIDDLE, _OLD = 20_000, 20, 50


def settle() -> None:
    """Take everything that is there now out of the collector's rounds; call it once a process is up.

    Modules, catalogue and registry live as long as the process. What it brings: docs/performance.md.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
