"""What is known of a service before it serves, and of what it needs while it does."""

from __future__ import annotations

import asyncio

import pytest

from services.common.http.serving import Answering, NoSuchAddress, check_address
from services.common.settings import Settings
from services.projector.api.live import Live


async def test_who_does_not_answer_is_waited_for_by_nobody_and_asked_once() -> None:
    asked, answer = 0, asyncio.Event()

    async def ask() -> None:
        nonlocal asked
        asked += 1
        await answer.wait()

    answering = Answering(ask, OSError, seconds=0)
    assert not any(await asyncio.gather(*(answering() for _ in range(20))))
    assert not await answering()
    assert asked == 1
    answering._seconds = 60
    asyncio.get_running_loop().call_soon(answer.set)
    assert await answering()
    assert asked == 1
    assert all(await asyncio.gather(answering(), answering()))
    assert asked == 2


async def test_a_refusal_is_no_answer_and_a_bug_is_none_either() -> None:
    async def ask() -> None:
        raise failure

    answering = Answering(ask, OSError)
    failure: Exception = ConnectionRefusedError()
    assert not await answering()
    failure = KeyError()
    with pytest.raises(KeyError):
        await answering()


async def test_the_projectors_database_is_asked_so() -> None:
    live = Live("postgresql://127.0.0.1:1/nobody")
    assert isinstance(live.answers, Answering)
    assert not await live.answers()


def test_a_host_that_is_not_this_machines_is_told() -> None:
    check_address(Settings(http_host="127.0.0.1"))
    with pytest.raises(NoSuchAddress, match=r"CHENGZHANG_HTTP_HOST=192\.0\.2\.1: "):
        check_address(Settings(http_host="192.0.2.1"))
