"""One recorder and one projector for all of these tests; each test has an office of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.pair import Office, Pair, started
from tests.support.servers import Servers


@pytest.fixture(scope="package")
def pair(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The installation that all of these tests share."""
    yield from started(servers, tmp_path_factory.mktemp("pair"))


@pytest.fixture
def office(pair: Pair) -> Office:
    """An office that nobody else uses."""
    return Office(pair)
