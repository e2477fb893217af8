"""One broker for a module's tests: each uses devices of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.postgres import made_database
from tests.security.rig import Rig


@pytest.fixture(scope="module")
def rig(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, template_database: str
) -> Iterator[Rig]:
    """Give a running broker of production's configuration."""
    with made_database(postgres_server, template=template_database) as database:
        made = Rig(tmp_path_factory.mktemp("rig"), database)
        made.start()
        try:
            yield made
        finally:
            made.stop()
