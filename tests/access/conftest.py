"""What the tests of access share: one database with two brands, one app, a caller of each role in each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.access.place import Place, opened
from tests.fixtures.postgres import made_database
from zerodistance.catalogue import Catalogue


@pytest.fixture(scope="module")
def place(postgres_server: str, template_database: str, catalogue: Catalogue) -> Iterator[Place]:
    """Give the two brands; tests of one module share it, and leave it as they found it."""
    with (
        made_database(postgres_server, template=template_database) as address,
        opened(address, catalogue) as place,
    ):
        yield place
