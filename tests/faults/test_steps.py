"""A recorder and a projector that die at named steps are started again, and nothing is missing, nothing is there twice.

The scenarios run side by side, a few at a time, each with an installation of its own: much of their time goes by
waiting until Kafka has noticed that a consumer died.
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
from tests.faults.installation import installation, service, settled
from tests.faults.load import Habits, Told, actions, apps
from tests.support.servers import Servers

SHARDS = 2
AT_ONCE = 2  # more make a busy machine miss heartbeats, and those that live are taken for dead
FAULTS = [  # of the recorder and of the projector; ":3" is the third time
    ("before-commit", "after-copy"),
    ("after-commit", "before-cursor:2"),
    ("after-publish", "after-cursor"),
    ("before-offset", "before-cursor"),
    ("after-offset", "after-copy:2"),
    ("after-publish:4", "after-cursor:3"),
]
NAMES = [" ".join(pair) for pair in FAULTS]


@pytest.fixture(scope="module")
def scenarios(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, Future[None]]]:
    """All selected scenarios, under way."""
    chosen = [name for name in NAMES if any(f"[{name}]" in item.name for item in request.session.items)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        folders = [tmp_path_factory.mktemp("faults") for _ in chosen]
        yield {
            name: pool.submit(asyncio.run, scenario(servers, folder, *name.split()))
            for name, folder in zip(chosen, folders, strict=True)
        }


@pytest.mark.parametrize("name", NAMES)
def test_survives_a_kill(scenarios: dict[str, Future[None]], name: str) -> None:
    scenarios[name].result()


def test_every_step_is_in_the_code_and_in_a_test() -> None:
    services = Path(__file__).parents[2] / "services"
    called = {step for file in services.rglob("*.py") for step in re.findall(r'fault\("([a-z-]+)"\)', file.read_text())}
    assert called == STEPS
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    assert {step for step in STEPS if f'"{step}' in tests} == STEPS


async def scenario(servers: Servers, folder: Path, recorder: str, projector: str) -> None:
    """Publish; both die at their steps; both are started again; everything is finished and as it must be."""
    async with installation(servers, folder, SHARDS) as settings:
        with ExitStack() as running:
            told = await _published(settings, {"recorder": recorder, "projector": projector}, running)
            await invariants.check(servers, settings, told)


async def _published(settings: Settings, faults: dict[str, str], running: ExitStack) -> Told:
    victims = {name: running.enter_context(service(name, settings, fault)) for name, fault in faults.items()}
    await asyncio.to_thread(victims["recorder"].wait_ready)
    async with apps(settings, [settings.recorder_url], Habits(pace=100), seed=1) as load:
        publishing = asyncio.create_task(load.publish(actions(offices=2, cadres=8, count=110, seed=1)))
        for name, victim in victims.items():
            assert await asyncio.to_thread(victim.wait_exit) == -9, f"{name} not killed at {faults[name]}"
            running.enter_context(service(name, settings))
        await publishing
        await load.settle(partial(settled, settings))
    assert load.told.accepted
    return load.told
