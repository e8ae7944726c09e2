"""What clients may cost, tried on services as processes: within bounds, and others are served meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx
import orjson
import pytest

from services.common.settings import Settings
from tests.support.memory import MB, resident, watched
from tests.support.patience import PATIENCE
from tests.support.service import Service

_TOLERATED: Final = 50  # MB
_OWN: Final = {"token": "narrow-0123456789abcdef", "role": "reader", "person": "p-1"}
_SECTION: Final[dict[str, Any]] = {
    "specversion": "1.0", "source": "/hr", "type": "chengzhang.people.define-section.v1",
    "time": "2026-03-02T09:00:00+08:00", "office": "o-1", "actor": "p-9",
}  # fmt: skip


def _bearer(settings: Settings, name: str) -> dict[str, str]:
    found = json.loads(settings.tokens.read_text())[name]
    return {"Authorization": f"Bearer {found if isinstance(found, str) else found['token']}"}


@pytest.fixture
def narrowed(settings: Settings) -> Settings:
    tokens = json.loads(settings.tokens.read_text())
    settings.tokens.write_text(json.dumps(tokens | {"narrow": _OWN}))
    return settings


@pytest.fixture
def recorder(narrowed: Settings) -> Iterator[Service]:
    with Service("recorder", narrowed) as recorder:
        yield recorder.wait_ready()


@pytest.fixture
def hasty(narrowed: Settings) -> Iterator[Service]:
    """The same, that waits a second for what others owe."""
    with Service(
        "recorder", narrowed, CHENGZHANG_HEADER_SECONDS="1", CHENGZHANG_BODY_SECONDS="1", CHENGZHANG_CONNECTIONS="60"
    ) as recorder:
        yield recorder.wait_ready()


@asynccontextmanager
async def _served(service: Service, settings: Settings) -> AsyncIterator[list[int]]:
    """A good client beside what happens in the block: every request of its is answered, and it goes on asking."""
    answers: list[int] = []

    async def ask() -> None:
        headers = _bearer(settings, "publisher") | {"content-type": "application/cloudevents+json"}
        async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=PATIENCE) as client:
            while True:
                number = len(answers)
                action = _SECTION | {"id": f"good-{number}", "data": {"section": f"g-{number}", "name": "综合科"}}
                answers.append((await client.post("/actions", content=orjson.dumps(action))).status_code)

    asking = asyncio.create_task(ask())
    while not answers and not asking.done():  # noqa: ASYNC110  # the client counts
        await asyncio.sleep(0.01)
    before = len(answers)
    yield answers
    async with asyncio.timeout(PATIENCE):
        while len(answers) < before + 3 and not asking.done():  # noqa: ASYNC110  # the client counts
            await asyncio.sleep(0.01)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    assert set(answers) == {201}


async def _raw(service: Service) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", service.port)


def _head(settings: Settings, path: str, name: str = "publisher", **more: str) -> bytes:
    said: Mapping[str, str] = {"Host": "127.0.0.1", **_bearer(settings, name), **more}
    return f"POST {path} HTTP/1.1\r\n".encode() + "".join(f"{k}: {v}\r\n" for k, v in said.items()).encode() + b"\r\n"


async def _end(reader: asyncio.StreamReader) -> bytes:
    """What comes until the connection ends, by whatever."""
    came = bytearray()
    with suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE):
            while part := await reader.read(65536):
                came += part
    return bytes(came)


# --- bodies ---


@pytest.mark.parametrize("chunked", [False, True], ids=["told", "chunked"])
async def test_large_bodies_of_sealed_fields(recorder: Service, narrowed: Settings, *, chunked: bool) -> None:
    """Four of 16 MB once took 3 GB, and the memory was kept."""
    body = b'{"items":[' + b"{}," * (16 * MB // 3) + b"{}]}"

    async def pieces() -> AsyncIterator[bytes]:
        for begin in range(0, len(body), 65536):
            yield body[begin : begin + 65536]

    async with _served(recorder, narrowed), httpx.AsyncClient(base_url=recorder.url, timeout=PATIENCE) as client:
        with watched(recorder.process.pid) as peak:
            sent = [
                client.post("/open", content=pieces() if chunked else body, headers=_bearer(narrowed, "narrow"))
                for _ in range(4)
            ]
            answers = await asyncio.gather(*sent)
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(413, "too-large")] * 4
    assert peak.grown < _TOLERATED, peak.most


@pytest.mark.parametrize(
    ("items", "code"),
    [(b"{}," * 300_000 + b"{}", "too-large"), (b'{"a":' * 300 + b"1" + b"}" * 300, "invalid-field")],
    ids=["many", "deep"],
)
async def test_sealed_fields_that_hold_more_than_is_asked_for(
    recorder: Service, narrowed: Settings, items: bytes, code: str
) -> None:
    async with httpx.AsyncClient(base_url=recorder.url, timeout=PATIENCE) as client:
        with watched(recorder.process.pid) as peak:
            body = b'{"items":[' + items + b"]}"
            answer = await client.post("/open", content=body, headers=_bearer(narrowed, "narrow"))
    assert answer.json()["code"] == code
    assert peak.grown < _TOLERATED


async def test_batches_of_much_more_than_their_bytes(recorder: Service, narrowed: Settings) -> None:
    headers = _bearer(narrowed, "publisher") | {"content-type": "application/cloudevents-batch+json"}
    body = b"[" + b"{}," * (5 * MB) + b"{}]"
    async with _served(recorder, narrowed), httpx.AsyncClient(base_url=recorder.url, timeout=PATIENCE) as client:
        with watched(recorder.process.pid) as peak:
            sent = [client.post("/actions", content=body, headers=headers) for _ in range(4)]
            assert {answer.status_code for answer in await asyncio.gather(*sent)} == {413}
    assert peak.grown < 3 * 2 * 16 + _TOLERATED, "two bodies at once, as they come and as they are read"
    assert resident(recorder.process.pid) - peak.before < _TOLERATED


async def test_the_largest_batches_that_are_taken(recorder: Service, narrowed: Settings) -> None:
    """What they take is given back: after the fourth it is as after the first. It once was held until the next came."""
    headers = _bearer(narrowed, "publisher") | {"content-type": "application/cloudevents-batch+json"}
    roll = [{"person": f"p-{n}", "state": "present", "minutes": 90} for n in range(250)]
    attended = _SECTION | {"type": "chengzhang.learning.record-attendance.v1", "data": {"session": "s-1", "roll": roll}}
    async with _served(recorder, narrowed), httpx.AsyncClient(base_url=recorder.url, timeout=PATIENCE) as client:
        pid, kept = recorder.process.pid, list[int]()
        for number in range(4):
            batch = orjson.dumps([attended | {"id": f"{number}-{n}"} for n in range(500)])
            answers = await client.post("/actions", content=batch, headers=headers)
            assert {answer["status"] for answer in answers.json()} == {422}, "nobody knows that session"
            await asyncio.sleep(3)  # what is freed is given back a little later
            kept.append(resident(pid))
    assert kept[-1] - kept[0] < _TOLERATED, kept


async def test_bodies_that_are_one_long_text(recorder: Service, narrowed: Settings) -> None:
    """Round after round, they leave nothing."""
    headers = _bearer(narrowed, "publisher") | {"content-type": "application/cloudevents-batch+json"}
    body = b'["' + b"x" * (16 * MB - 100) + b'"]'
    async with _served(recorder, narrowed), httpx.AsyncClient(base_url=recorder.url, timeout=PATIENCE) as client:
        pid, kept = recorder.process.pid, [resident(recorder.process.pid)]
        for _ in range(3):
            await asyncio.gather(*[client.post("/actions", content=body, headers=headers) for _ in range(4)])
            await asyncio.sleep(4)  # what is freed is given back a little later
            kept.append(resident(pid))
    assert kept[-1] - kept[0] < _TOLERATED, kept


# --- before a body ---


async def test_a_header_without_end(recorder: Service, narrowed: Settings) -> None:
    async with _served(recorder, narrowed):
        with watched(recorder.process.pid) as peak:
            reader, writer = await _raw(recorder)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
            with suppress(ConnectionError):
                for _ in range(200):
                    writer.write(b"x" * MB)
                    await writer.drain()
            answer = await _end(reader)
            writer.close()
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers-too-large"' in answer
    assert peak.grown < _TOLERATED


@pytest.mark.parametrize(
    "endless", [b"X-More: " + b"x" * 8000 + b"\r\n", b"1;ext=" + b"x" * 8000 + b"\r\na\r\n"], ids=["trailers", "chunks"]
)
async def test_trailers_and_chunks_without_end(recorder: Service, narrowed: Settings, endless: bytes) -> None:
    reader, writer = await _raw(recorder)
    chunked = {"Transfer-Encoding": "chunked", "Content-Type": "application/cloudevents+json"}
    begin = b"0\r\n" if endless.startswith(b"X") else b""
    with watched(recorder.process.pid) as peak:
        writer.write(_head(narrowed, "/actions", **chunked) + begin)
        with suppress(ConnectionError):
            for _ in range(5_000):
                writer.write(endless)
                await writer.drain()
        await _end(reader)
        writer.close()
    assert peak.grown < _TOLERATED


async def test_connections_that_say_nothing_or_little(hasty: Service, narrowed: Settings) -> None:
    """Four times as many as there may be: all are cut off, and the good client never is."""
    begun = [b"", b"GET /livez HTTP/1.1\r\n", b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "]
    async with _served(hasty, narrowed):
        opened = [await _raw(hasty) for _ in range(250)]
        for number, (_, writer) in enumerate(opened):
            writer.write(begun[number % len(begun)])
        ended = await asyncio.gather(*[_end(reader) for reader, _ in opened])
        for _, writer in opened:
            writer.close()
    assert set(ended) == {b""}


async def test_bodies_that_never_come(hasty: Service, narrowed: Settings) -> None:
    head = _head(narrowed, "/actions", **{"Content-Length": "500", "Content-Type": "application/cloudevents+json"})
    async with _served(hasty, narrowed):
        opened = [await _raw(hasty) for _ in range(30)]
        for _, writer in opened:
            writer.write(head + b'{"specversion"')
        assert set(await asyncio.gather(*[_end(reader) for reader, _ in opened])) == {b""}
        for _, writer in opened:
            writer.close()


async def test_answers_that_nobody_reads(hasty: Service, narrowed: Settings) -> None:
    async with _served(hasty, narrowed):
        reader, writer = await _raw(hasty)
        writer.write(b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 50)
        async with asyncio.timeout(PATIENCE):
            while "connection-cut" not in hasty.log():  # noqa: ASYNC110  # only its log says so
                await asyncio.sleep(0.05)
        writer.close()
        del reader


# --- who, how often, and as what ---


async def test_who_comes_too_often_is_told_when_to_come_again(narrowed: Settings) -> None:
    with Service("recorder", narrowed, CHENGZHANG_REQUESTS_PER_SECOND="5") as recorder:
        recorder.wait_ready()
        async with httpx.AsyncClient(base_url=recorder.url, timeout=PATIENCE) as client:
            query = {"office": "o-1", "source": "/hr", "id": "x"}

            async def status(headers: dict[str, str]) -> httpx.Response:
                return await client.get("/receipts", params=query, headers=headers)

            many = await asyncio.gather(*[status(_bearer(narrowed, "publisher")) for _ in range(40)])
            other = await status(_bearer(narrowed, "auditor"))
            guesses = await asyncio.gather(*[status({"Authorization": f"Bearer guess-{n:08}"}) for n in range(40)])
    late = [answer for answer in many if answer.status_code == 429]
    assert late
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in late)
    assert late[0].json()["code"] == "too-often"
    assert other.status_code == 404
    assert {answer.status_code for answer in guesses} == {401, 429}


@pytest.mark.parametrize("name", ["recorder", "projector"])
async def test_what_every_answer_says_to_browsers(narrowed: Settings, name: str) -> None:
    with Service(name, narrowed, CHENGZHANG_TRUSTED_HOSTS="growth.example") as service:
        async with httpx.AsyncClient(base_url=service.url, timeout=PATIENCE) as client:
            async with asyncio.timeout(PATIENCE):
                while True:
                    with suppress(httpx.TransportError):
                        await client.get("/livez")
                        break
                    await asyncio.sleep(0.1)
            for path in (
                "/livez",
                "/readyz",
                "/metrics",
                "/nowhere",
                "/docs",
                "/openapi.json",
                "/receipts",
                "/offices",
            ):
                said = (await client.get(path)).headers
                assert said["cache-control"] == "no-store", path
                assert said["x-content-type-options"] == "nosniff", path
                assert said["content-security-policy"].startswith("default-src 'none'"), path
            page = (await client.get("/docs")).text
            assert "//" not in page.replace("<!DOCTYPE html>", ""), "nothing of another host"
            for host, status in (
                ("growth.example:8443", 200),
                ("localhost", 200),
                ("10.1.2.3", 200),
                ("evil.test", 400),
            ):
                answer = await client.get("/livez", headers={"Host": host})
                assert answer.status_code == status, host
            assert answer.json()["code"] == "unknown-host"


# --- numbers ---

_DIGITS: Final = "9" * 6_003
_NUMBERS: Final = [
    (f"/audit/3/tile/0/{'x000/' * 2_000}000", 404),
    (f"/audit/3/tile/0/{'x999/' * 5}999", 404),
    (f"/audit/3/tile/entries/{'x999/' * 5}999", 404),
    ("/audit/3/tile/0/٠٠٠", 404),
    (f"/audit/3/tile/{_DIGITS}/000", 422),
    (f"/audit/{_DIGITS}/checkpoint", 422),
    (f"/audit/3/consistency?from={_DIGITS}", 422),
    (f"/audit/3/consistency?from=0&to={2**63}", 422),
    (f"/receipts?office=o-1&source=/hr&after={_DIGITS}", 422),
]
_ASKED: Final = [
    (f"/people/p-1/appraisals/{_DIGITS}", 422),
    (f"/offices/o-1/appraisals/{2**31}", 422),
    (f"/offices/o-1/growth-files?limit={_DIGITS}", 422),
    (f"/offices/o-1/growth-files?at_least=3:{_DIGITS}", 422),
    (f"/offices/o-1/growth-files?explain=outputs&person=p-1&year={_DIGITS}", 422),
    (f"/offices/o-1/growth-files?explain=outputs&person=p-1&year={2**31}", 422),
    (f"/offices/o-1/growth-files?as_of={_DIGITS}-01-01", 422),
]


async def test_numbers_of_any_length(recorder: Service, narrowed: Settings) -> None:
    with Service("projector", narrowed) as projector:
        projector.wait_ready()
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            for service, role, asked in ((recorder, "auditor", _NUMBERS), (projector, "reader", _ASKED)):
                for path, status in asked:
                    answer = await client.get(service.url + path, headers=_bearer(narrowed, role))
                    assert answer.status_code == status, (path[:80], answer.text[:500])
