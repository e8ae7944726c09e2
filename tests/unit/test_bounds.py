"""The parts of what bounds clients: rates, connections, room, and what a JSON text holds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.bounds.connections import Connections
from services.common.bounds.gate import trusted
from services.common.bounds.json import holds_more
from services.common.bounds.rates import Rates
from services.common.bounds.room import Room
from services.common.http.problems import Problem
from services.common.settings import Settings

# --- rates ---


@given(st.integers(1, 50), st.lists(st.floats(0, 0.5), max_size=300))
def test_in_no_second_are_there_more_than_twice_as_many_and_never_fewer_than_asked(
    per_second: int, pauses: list[float]
) -> None:
    """A second's worth at once, then at the pace: two seconds' worth in any second, at most."""
    now = 0.0
    rates = Rates(per_second, clock=lambda: now)
    taken: list[float] = []
    for pause in pauses:
        now += pause
        if late := _refused(rates):
            assert (late.status, int(late.headers["Retry-After"]) >= 1) == (429, True)
            assert sum(at > now - 1 for at in taken) >= per_second, "refused though there was room"
        else:
            taken.append(now)
    for at in taken:
        assert sum(at - 1 < other <= at for other in taken) <= 2 * per_second


def _refused(rates: Rates) -> Problem | None:
    try:
        rates.take("a")
    except Problem as problem:
        return problem
    return None


def test_each_has_its_own_and_none_is_no_limit() -> None:
    rates = Rates(1, clock=lambda: 5.0)
    rates.take("a")
    rates.take("b")
    with pytest.raises(Problem):
        rates.take("a")
    for _ in range(100):
        Rates(0).take("a")


# --- connections ---


@dataclass(eq=False)
class _One:
    host: str
    gone: bool = False

    def cut(self) -> None:
        self.gone = True


async def test_the_one_that_has_waited_longest_goes() -> None:
    connections = Connections(3, 3)
    first, second, third, fourth = (_One("a") for _ in range(4))
    for each in (first, second, third):
        assert connections.admit(each)
        connections.wait(each, 60)
    connections.work(first)
    assert connections.admit(fourth)
    assert [each.gone for each in (first, second, third)] == [False, True, False]
    connections.work(third)
    connections.work(fourth)
    assert not connections.admit(_One("b")), "all are at work"
    connections.lose(third)
    assert connections.admit(_One("b"))


async def test_one_address_goes_before_its_own() -> None:
    connections = Connections(10, 2)
    other, mine = _One("b"), [_One("a") for _ in range(3)]
    for each in (other, *mine):
        assert connections.admit(each)
        connections.wait(each, 60)
    assert not other.gone
    assert [each.gone for each in mine] == [True, False, False]


async def test_who_waits_too_long_is_cut() -> None:
    connections, late, working = Connections(10, 10), _One("a"), _One("a")
    for each in (late, working):
        assert connections.admit(each)
        connections.wait(each, 0)
    connections.work(working)
    async with asyncio.timeout(60):
        while not late.gone:  # noqa: ASYNC110  # it is seen from outside
            await asyncio.sleep(0.05)
    assert not working.gone


# --- large bodies ---


async def test_room_is_given_one_after_the_other() -> None:
    room, order = Room(10), list[str]()

    async def take(name: str, size: int) -> None:
        async with room.taking(size):
            order.append(name)
            await asyncio.sleep(0.01)
            order.append(name)

    await asyncio.gather(take("a", 8), take("b", 8), take("c", 800))
    assert order == ["a", "a", "b", "b", "c", "c"]


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_what_a_text_holds_is_never_less_than_its_parts(value: object) -> None:
    def parts(of: object) -> int:
        inner = of.values() if isinstance(of, dict) else of if isinstance(of, list) else ()
        return sum(1 + parts(each) for each in inner)

    if isinstance(value, dict | list) and parts(value) > 0:
        assert holds_more(orjson.dumps(value), parts(value) - 1)


def test_names_that_are_trusted() -> None:
    settings = Settings(recorder_url="https://growth.example/recorder", trusted_hosts="a.example, B.example")
    assert {"localhost", "growth.example", "a.example", "b.example"} <= trusted(settings)
    assert trusted(Settings(trusted_hosts="*")) == frozenset()
