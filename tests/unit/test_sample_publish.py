"""Publishing against a made-up recorder: which way each action goes, in what order, and how answers are counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from rich.console import Console

from deploy.local.commands import publish as command
from deploy.local.publishing import publisher
from deploy.local.publishing.answers import Answers
from deploy.local.publishing.poster import Poster
from deploy.local.publishing.publisher import Publisher, sealed
from deploy.local.sample import year
from deploy.local.sample.draft import refusal_of
from deploy.local.speaking.trouble import CommandError
from services.common.settings import Settings

Json = dict[str, Any]
ALL = list(year.actions(year.Size(2026, offices=1, cadres=20, seed=7)))
SAMPLE = [action for action in ALL if refusal_of(action) is None]


class Office:
    """A recorder that accepts all, but ``refuse`` for now, once each; it answers over both ways and remembers."""

    def __init__(self, *, known: bool = False, refuse: frozenset[str] = frozenset()) -> None:
        self.taken: list[str] = []
        self.posted: list[int] = []
        self.plain: list[Json] = []
        self._known = known
        self._refuse = set(refuse)
        self._receipts: asyncio.Queue[Json] = asyncio.Queue()

    async def send(self, office: str, body: bytes) -> None:
        action = orjson.loads(body)
        assert action["office"] == office
        self.plain.append(action)
        if not self._known:
            self._receipts.put_nowait(self._receipt(action))

    async def flush(self) -> None: ...

    async def receipts(self) -> list[Json]:
        return [await self._receipts.get()]

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url="http://recorder", transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/receipts":
            found = {"recorded_at": "2020-01-01T00:00:00Z", "at_least": "1:9"}
            return httpx.Response(200, json=found) if self._known else httpx.Response(404)
        actions = orjson.loads(request.content)
        self.posted.append(len(actions))
        return httpx.Response(200, json=[self._item(self._receipt(action)) for action in actions])

    def _item(self, receipt: Json) -> Json:
        if receipt["outcome"] == "accepted":
            return {"status": 200 if self._known else 201, "receipt": receipt}
        return {"status": 422, "problem": {"code": receipt["code"], "receipt": receipt}}

    def _receipt(self, action: Json) -> Json:
        receipt = {name: action[name] for name in ("office", "source", "id")}
        if action["id"] in self._refuse:
            self._refuse.discard(action["id"])
            return receipt | {"outcome": "rejected", "final": False, "code": "unknown-reference", "at_least": None}
        self.taken.append(action["id"])
        return receipt | {"outcome": "accepted", "final": True, "code": None, "at_least": f"1:{len(self.taken)}"}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.publishing.poster.PAUSE", 0)
    monkeypatch.setattr(publisher, "PAUSE", 0)
    monkeypatch.setattr(publisher, "_QUIET", 0.05)


async def test_whoever_does_not_answer_is_noticed_until_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.publishing.poster.PAUSE", 0)
    noticed: list[str | None] = []
    answers = Answers()

    def answer(request: httpx.Request) -> httpx.Response:
        noticed.append(answers.silent)
        if len(noticed) == 1:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(404)

    async with httpx.AsyncClient(base_url="http://recorder", transport=httpx.MockTransport(answer)) as http:
        poster = Poster(http, answers)
        assert await poster.receipt(("o-1", "/s", "a-1")) is None
        assert await poster.receipt(("o-1", "/s", "a-1")) is None
    assert noticed == [None, "http://recorder"]
    assert answers.silent is None


@pytest.mark.parametrize("ends", [asyncio.CancelledError(), CommandError("no_office")])
async def test_what_ends_early_says_how_far_it_came(ends: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office()

    @asynccontextmanager
    async def wired(_: Settings) -> AsyncIterator[Office]:
        yield office

    def actions() -> Iterator[Json]:
        yield from SAMPLE[:3]
        raise ends

    monkeypatch.setattr(command, "connected", wired)
    monkeypatch.setattr(command, "recorder", lambda _: office.http())
    console = Console(width=200)
    with console.capture() as capture, pytest.raises(type(ends)):
        await command.published(Settings(), actions(), console, "en", None)
    assert "Ended early: 0 recorded" in capture.get()
    assert "nothing is recorded twice" in capture.get()


async def publish(office: Office, actions: list[Json]) -> Answers:
    async with office.http() as http:
        return await Publisher(office, http).publish(actions)


async def test_all_of_the_sample_is_published_once() -> None:
    office = Office()
    answers = await publish(office, SAMPLE)
    assert sorted(office.taken) == sorted(action["id"] for action in SAMPLE)
    assert (answers.accepted, answers.repeated, answers.refused.total()) == (len(SAMPLE), 0, 0)
    assert answers.at_least == {1: len(SAMPLE)}


async def test_plaintext_in_sealed_fields_never_goes_onto_kafka() -> None:
    office = Office()
    await publish(office, SAMPLE)
    assert not any(sealed(action) for action in office.plain)
    assert sum(office.posted) == sum(map(sealed, SAMPLE)) > 0
    assert max(office.posted) <= 100


async def test_persons_come_before_their_posts_and_entries_before_their_corrections() -> None:
    office = Office()
    await publish(office, SAMPLE)
    place = {ident: number for number, ident in enumerate(office.taken)}
    last_person = max(number for ident, number in place.items() if ident.startswith("register-"))
    assert last_person < min(number for ident, number in place.items() if ident.startswith("assume-p-1-"))
    for ident, number in place.items():
        word, _, corrected = ident.partition("-")
        if word in {"fix", "revoke"}:
            assert place[corrected] < number


class SlowKafka(Office):
    """What was sent over Kafka is read late: when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self._on_its_way: list[tuple[str, bytes]] = []

    async def send(self, office: str, body: bytes) -> None:
        self._on_its_way.append((office, body))

    async def flush(self) -> None:
        arrived, self._on_its_way = self._on_its_way, []
        for office, body in arrived:
            await super().send(office, body)


@pytest.mark.parametrize("office", [Office(), SlowKafka()])
async def test_what_is_about_one_thing_keeps_its_order_though_it_goes_both_ways(office: Office) -> None:
    await publish(office, SAMPLE)
    place = {ident: number for number, ident in enumerate(office.taken)}
    chains = [("propose-visit-{}", "approve-visit-{}", "visit-{}"), ("need-{}", "met-{}")]
    chains += [("own-{}", "dispute-own-{}", "settle-own-{}"), ("settle-own-{}", "verify-own-{}"), ("t-{}", "f-t-{}")]
    for first, *then in chains:
        names = [ident.removeprefix(then[0][:-2]) for ident in place if ident.startswith(then[0][:-2])]
        assert names, then
        for name in names:
            steps = [place[step.format(name)] for step in (first, *then) if step.format(name) in place]
            assert steps == sorted(steps), name


def test_a_correction_of_a_sealed_entry_is_sealed_too() -> None:
    talk = {"type": "chengzhang.talk.hold-talk.v1", "data": {"note": "…"}}
    correction = {"type": "chengzhang.any.correct-entry.v1", "data": {"replacement": talk}}
    assert sealed(correction)
    assert not sealed(correction | {"data": {"replacement": talk | {"data": {"mode": "group"}}}})
    assert not sealed({"type": "no-type", "data": None})


async def test_what_is_refused_for_now_is_sent_again() -> None:
    plain = next(action["id"] for action in SAMPLE if action["id"].startswith("roll-"))
    secret = next(action["id"] for action in SAMPLE if action["id"].startswith("t-"))
    office = Office(refuse=frozenset({plain, secret}))
    answers = await publish(office, SAMPLE)
    assert answers.accepted == len(SAMPLE)
    assert {plain, secret} <= set(office.taken)


async def test_what_is_only_tried_is_refused_once_and_is_no_failure() -> None:
    tried = {action["id"]: refusal_of(action) for action in ALL if refusal_of(action)}
    office = Office(refuse=frozenset(tried))
    answers = await publish(office, ALL)
    assert len(tried) == 3
    assert (answers.accepted, answers.refused.total()) == (len(SAMPLE), 0)
    assert answers.foreseen.total() == 3
    assert not tried.keys() & set(office.taken)


async def test_a_second_time_nothing_is_recorded_and_it_still_ends() -> None:
    answers = await publish(Office(known=True), SAMPLE)
    assert (answers.accepted, answers.repeated) == (0, len(SAMPLE))
    assert answers.at_least[1] >= 9


async def test_no_answer_is_said_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "PATIENCE", 0.1)

    class Deaf(Office):
        async def send(self, office: str, body: bytes) -> None: ...

    with pytest.raises(CommandError, match="no_answer"):
        await publish(Deaf(), SAMPLE[:1])


async def test_a_broken_line_to_kafka_is_not_waited_for() -> None:
    class Broken(Office):
        async def receipts(self) -> list[Json]:
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await publish(Broken(), SAMPLE[:1])
