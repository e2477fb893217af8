"""Both logs behind one fixture: what holds for one has to hold for the other."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from zerodistance.log import Log, open_log

# A member that says nothing for so long is dead. The broker of these tests allows two seconds; one that is
# given by ZD_TEST_KAFKA has its own lower bound, by default six.
SILENCE_S = 6.0 if os.environ.get("ZD_TEST_KAFKA") else 2.0


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def address(request: pytest.FixtureRequest) -> str:
    """Give the address of an empty log, once for each implementation."""
    return str(
        request.getfixturevalue(f"{request.param}_{'log_' if request.param == 'sqlite' else ''}address")
    )


@pytest.fixture
def log(address: str) -> Iterator[Log]:
    """Give an open, empty log, once for each implementation."""
    log = open_log(address, silence_s=SILENCE_S)
    yield log
    log.close()
