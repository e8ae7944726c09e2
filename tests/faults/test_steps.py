"""A recorder or projector that dies at a named step is started again, and nothing is missing, nothing is there twice.

The scenarios run side by side, each with an installation of its own: most of their time goes by waiting until Kafka has
noticed that a consumer died.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from services.common.faults import STEPS
from services.common.settings import Settings
from tests.faults import invariants
from tests.faults.installation import PATIENCE, installation, service, settled
from tests.faults.load import Habits, Told, actions, apps
from tests.support.stack import Servers

SHARDS = 2
SIDE_BY_SIDE = 4
PROJECTOR = {"after-copy", "before-cursor", "after-cursor"}
FAULTS = [*sorted(STEPS), "after-commit:3", "after-publish:4", "before-offset:2", "before-cursor:2"]


@pytest.fixture(scope="module")
def scenarios(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, Future[None]]]:
    """All selected scenarios, under way."""
    chosen = [fault for fault in FAULTS if any(f"[{fault}]" in item.name for item in request.session.items)]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {
            fault: pool.submit(asyncio.run, scenario(servers, tmp_path_factory.mktemp("faults"), fault))
            for fault in chosen
        }


@pytest.mark.parametrize("fault", FAULTS)
def test_survives_a_kill(scenarios: dict[str, Future[None]], fault: str) -> None:
    scenarios[fault].result()


def test_every_step_is_in_the_code() -> None:
    services = Path(__file__).parents[2] / "services"
    called = {step for file in services.rglob("*.py") for step in re.findall(r'fault\("([a-z-]+)"\)', file.read_text())}
    assert called == STEPS


async def scenario(servers: Servers, folder: Path, fault: str) -> None:
    """Publish; die at the step; start again; everything is finished and as it must be."""
    async with installation(servers, folder, SHARDS) as settings:
        with ExitStack() as running:
            told = await _published(settings, fault, running)
            await invariants.check(servers, settings, told)


async def _published(settings: Settings, fault: str, running: ExitStack) -> Told:
    name = "projector" if fault.partition(":")[0] in PROJECTOR else "recorder"
    recorder = running.enter_context(service("recorder", settings, fault if name == "recorder" else None))
    projector = running.enter_context(service("projector", settings, fault if name == "projector" else None))
    victim = recorder if name == "recorder" else projector
    await asyncio.to_thread(recorder.wait_ready, PATIENCE)
    async with apps(settings, [settings.recorder_url], Habits(pace=100), seed=1) as load:
        publishing = asyncio.create_task(load.publish(actions(offices=2, cadres=8, count=110, seed=1)))
        assert await asyncio.to_thread(victim.wait_exit, PATIENCE) == -9, f"not killed at {fault}"
        running.enter_context(service(name, settings))
        await publishing
        await load.settle(partial(settled, settings))
    assert load.told.accepted
    return load.told
