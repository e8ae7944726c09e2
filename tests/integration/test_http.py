"""The recorder's HTTP interface, in this process, with an append that answers as told."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from cryptography.exceptions import InvalidTag
from structlog.testing import capture_logs

from deploy.local.paths import write_private
from schemas.base import Sealed
from services.common.tokens.grants import Grants
from services.recorder.domain.deciding.core import NO_TERMS, Terms
from services.recorder.errors import Busy, ReadOnly, RecorderError, Unavailable
from services.recorder.intake.http import Dependencies, api
from services.recorder.ledger.submission import Answer, Outcome, Submission, Unrecordable
from services.recorder.vault.vault import DataKey, Failed, May, Owner

TOKENS = {
    "publisher": "publisher-token-0123456789abcdef",
    "reader": "reader-token-0123456789abcdef",
    "auditor": "auditor-token-0123456789abcdef",
    "operator": "operator-token-0123456789abcdef",
    "study": {
        "token": "study-token-0123456789abcdef",
        "role": "publisher",
        "offices": ["o-1"],
        "sources": ["/study"],
        "types": ["chengzhang.learning.*"],
    },
    "zhang": {"token": "zhang-token-0123456789abcdef", "role": "reader", "person": "p-1"},
    "zhang-there": {
        "token": "zhang-there-token-0123456789abcdef",
        "role": "reader",
        "person": "p-1",
        "offices": ["o-2"],
    },
    "office": {"token": "office-token-0123456789abcdef", "role": "reader", "offices": ["o-1"]},
    "section": {"token": "section-token-0123456789abcdef", "role": "reader", "offices": ["o-1"], "section": "s-1"},
}
SECTION = {
    "specversion": "1.0",
    "id": "a-1",
    "source": "/hr",
    "type": "chengzhang.people.define-section.v1",
    "time": "2026-03-02T09:00:00+08:00",
    "office": "o-1",
    "actor": "p-9",
    "data": {"section": "s-1", "name": "综合科"},
}
EVENT = "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab"
NAME = "王小明"
SITS = Owner("o-1", "p-3")  # in the section s-1


def _receipt(submission: Submission, **more: object) -> bytes:
    fields = {
        "shard": 3, "number": 41, "office": submission.office, "source": submission.source, "id": submission.id,
        "type": submission.type, "outcome": "accepted", "final": True, "recorded_at": "2026-03-02T01:00:00.000000Z",
        "events": [], "at_least": "3:124", "code": None, "message": None,
    }  # fmt: skip
    return orjson.dumps(fields | more)


@dataclass
class Recorder:
    """Everything behind the routes: it answers as told, and remembers what came."""

    raises: RecorderError | None = None
    says: dict[str, object] = field(default_factory=dict)
    repeat: bool = False
    fails: bool = False
    ready: bool = True
    submitted: list[Submission] = field(default_factory=list)
    terms: Terms = NO_TERMS

    async def submit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        if self.raises:
            raise self.raises
        self.submitted += submissions
        return [Unrecordable("KeyError") if self.fails else self._answer(s) for s in submissions]

    async def dry_run(self, submissions: Sequence[Submission]) -> list[Outcome]:
        return [self._answer(submission) for submission in submissions]

    def unstored(self) -> Recorder:
        return self

    def _answer(self, submission: Submission) -> Answer:
        if submission.refusal is None:
            return Answer(_receipt(submission, **self.says), self.repeat)
        why = submission.refusal
        message = {"en": why.en, "zh": why.zh}
        told = _receipt(submission, outcome="rejected", final=why.final, code=why.code, message=message)
        return Answer(told, self.repeat)

    async def find(self, office: str, source: str, id: str) -> bytes | None:  # noqa: A002
        return (
            b'{"by":"study","code":null,"outcome":"accepted"}'
            if (office, source, id) == ("o-1", "/study", "a-1")
            else None
        )

    async def following(self, office: str, source: str, after: int) -> tuple[list[bytes], int | None]:
        if (office, source) != ("o-1", "/study"):
            return [], None
        return [b'{"by":"study","code":null,"number":%d}' % number for number in range(after + 1, 3)], after

    async def keys(self, owners: Collection[Owner]) -> Mapping[Owner, DataKey]:
        return {owner: _key(owner) for owner in owners}

    async def named(self, _said: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        return ()

    async def remember(self, names: Mapping[tuple[str, str], str]) -> None:
        pass

    def mac(self, body: bytes) -> bytes:
        return body[:32].ljust(32)

    async def open(self, items: Sequence[Sealed], *, may: May | None = None) -> list[str | Failed]:
        owners = [Owner(*item.kid.partition("/")[::2]) for item in items]
        near = owners if may is None else await may(owners)
        asked = zip(items, owners, strict=True)
        return [_opened(item, owner) if owner in near else Failed("forbidden") for item, owner in asked]

    async def sitting(self, owners: Collection[Owner], section: str) -> set[Owner]:
        return {owner for owner in owners if (owner, section) == (SITS, "s-1")}


def _key(owner: Owner) -> DataKey:
    return DataKey("/".join(owner), owner, "/".join(owner).encode().ljust(32))


def _opened(item: Sealed, owner: Owner) -> str | Failed:
    try:
        return _key(owner).open(item)
    except (InvalidTag, ValueError):
        return Failed("unreadable")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def client(recorder: Recorder, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    write_private(tmp_path / "tokens.json", json.dumps(TOKENS).encode())
    grants = Grants.load(tmp_path / "tokens.json")
    parts = (recorder, recorder, recorder, recorder)
    app = api(Dependencies(*parts, grants, lambda: (recorder.ready, {"state": "running"})))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://recorder") as client:
        yield client


def _auth(name: str = "publisher") -> dict[str, str]:
    return {"Authorization": f"Bearer {name}-token-0123456789abcdef"}


async def _post(client: httpx.AsyncClient, action: object, token: str = "publisher") -> httpx.Response:
    content = action if isinstance(action, bytes) else orjson.dumps(action)
    headers = {"content-type": "application/cloudevents+json"} | _auth(token)
    return await client.post("/actions", content=content, headers=headers)


async def _batch(client: httpx.AsyncClient, actions: object, token: str = "publisher") -> httpx.Response:
    content = actions if isinstance(actions, bytes) else orjson.dumps(actions)
    headers = {"content-type": "application/cloudevents-batch+json"} | _auth(token)
    return await client.post("/actions", content=content, headers=headers)


def _problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert list(body) == ["type", "title", "status", "detail", "code", "errors", "receipt"]
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:chengzhang:problem:{code}")
    assert "Traceback" not in response.text
    return body


# --- one action ---


async def test_a_recorded_action_answers_201_with_the_receipt_itself(
    client: httpx.AsyncClient, recorder: Recorder
) -> None:
    response = await _post(client, SECTION)
    assert response.status_code == 201
    assert response.content == _receipt(recorder.submitted[0])


async def test_a_repeat_answers_200(client: httpx.AsyncClient, recorder: Recorder) -> None:
    recorder.repeat = True
    assert (await _post(client, SECTION)).status_code == 200


@pytest.mark.parametrize(
    ("outcome", "code", "status"),
    [
        ("conflict", "key-conflict", 409),
        ("rejected", "stale-version", 409),
        ("rejected", "session-overlap", 422),
        ("rejected", "unknown-reference", 422),
    ],
)
async def test_a_business_no_carries_its_receipt(
    client: httpx.AsyncClient, recorder: Recorder, outcome: str, code: str, status: int
) -> None:
    recorder.says = {"outcome": outcome, "code": code, "message": {"en": "because", "zh": "因为"}}
    body = _problem(await _post(client, SECTION), status, code)
    assert body["detail"] == "because"
    assert body["receipt"]["number"] == 41
    assert body["receipt"]["message"]["zh"] == "因为"


async def test_a_wrong_field_says_where_what_and_how_to_mend_it(client: httpx.AsyncClient) -> None:
    roll = [{"person": "p-1", "hours": 2}]
    action = SECTION | {"type": "chengzhang.learning.record-attendance.v1", "data": {"session": "s", "roll": roll}}
    body = _problem(await _post(client, action), 422, "invalid-field")
    fixes = {e["pointer"]: e["fix"]["en"] for e in body["errors"]}
    assert fixes == {"/data/roll/0/state": "add it", "/data/roll/0/hours": "did you mean minutes?"}
    assert all(e["message"]["zh"] and e["fix"]["zh"] for e in body["errors"])
    assert body["receipt"]["final"] is True


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "not-json"),
        (b"{", 400, "not-json"),
        (b'{"a":"\xff"}', 400, "not-utf8"),
        (b'{"a":"\\ud800"}', 400, "not-json"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "not-json"),
        (b'{"data":' + b"[" * 400 + b"]" * 400 + b"}", 400, "too-deep"),
        (b"[]", 422, "not-an-object"),
        (b"{}", 422, "no-address"),
        (b'"' + b"x" * 70_000 + b'"', 413, "too-large"),
    ],
)
async def test_what_cannot_be_read_is_said(client: httpx.AsyncClient, raw: bytes, status: int, code: str) -> None:
    _problem(await _post(client, raw), status, code)


async def test_10_megabytes_are_refused_before_they_are_all_read(client: httpx.AsyncClient) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 10 * 1024 * 1024:
            read += 65536
            yield b"x" * 65536

    headers = {"content-type": "application/cloudevents+json"} | _auth()
    _problem(await client.post("/actions", content=endless(), headers=headers), 413, "too-large")


async def test_sealed_fields_come_in_plaintext_over_http_and_go_on_sealed(
    client: httpx.AsyncClient, recorder: Recorder
) -> None:
    data = {"person": "p-1", "name": NAME, "branch": "b", "joined_on": "2020-01-01", "birth_year": 1990}
    with capture_logs() as logs:
        response = await _post(client, SECTION | {"type": "chengzhang.people.register-person.v1", "data": data})
    assert response.status_code == 201
    assert NAME not in repr(recorder.submitted)
    assert NAME not in repr(logs)
    assert recorder.submitted[0].action is not None
    assert set(recorder.submitted[0].action.sealed) == {"name"}


async def test_a_wrong_value_in_a_sealed_field_is_not_repeated(client: httpx.AsyncClient) -> None:
    data = {"person": "p-1", "name": [NAME], "branch": "b", "joined_on": NAME, "birth_year": NAME}
    response = await _post(client, SECTION | {"type": "chengzhang.people.register-person.v1", "data": data})
    assert NAME not in response.text


# --- modes ---


async def _binary(client: httpx.AsyncClient, *more: tuple[str, str], actor: str = "p-9") -> httpx.Response:
    attributes = {f"ce-{n}": v for n, v in SECTION.items() if isinstance(v, str)} | {"ce-actor": actor}
    headers = {"content-type": "application/json; charset=utf-8"} | attributes | _auth()
    return await client.post("/actions", content=orjson.dumps(SECTION["data"]), headers=[*headers.items(), *more])


@pytest.mark.parametrize(
    ("actor", "read"),
    [
        ("%E7%8E%8B", "王"),
        ("%e7%8e%8b%20%22x%22", '王 "x"'),
        ("%2541", "%41"),  # once
        ("100%", "100%"),
        ('"Euro %E2%82%AC"', "Euro €"),  # as older senders quote
        ('"a \\"b\\" \\\\"', 'a "b" \\'),
        ('"%22"', '"'),  # unquoted first, decoded then
        ('a "b"', 'a "b"'),
        ('"', '"'),
    ],
)
async def test_binary_mode(client: httpx.AsyncClient, recorder: Recorder, actor: str, read: str) -> None:
    response = await _binary(client, ("ce-expectedversion", "0"), actor=actor)
    assert response.status_code == 201, response.text
    action = recorder.submitted[0].action
    assert action is not None
    assert (action.actor, action.expectedversion) == (read, 0)


@pytest.mark.parametrize("value", ["%FF", "%E7%8E", '"%C0%80"', "%ED%A0%80"])
async def test_a_header_that_is_not_utf8_is_named(client: httpx.AsyncClient, value: str) -> None:
    told = _problem(await _binary(client, actor=value), 400, "bad-header")
    (error,) = told["errors"]
    assert error["pointer"] == "/headers/ce-actor"
    assert "ce-actor is not UTF-8" in told["detail"]
    assert error["message"]["zh"]


async def test_a_header_comes_once(client: httpx.AsyncClient) -> None:
    told = _problem(await _binary(client, ("CE-ID", "a-1")), 400, "bad-header")
    assert told["errors"][0]["pointer"] == "/headers/ce-id"
    assert "ce-id is given twice" in told["detail"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "", "application/cloudevents+json; charset=gbk"]
)
async def test_another_content_type_is_415(client: httpx.AsyncClient, content_type: str) -> None:
    headers = {"content-type": content_type} | _auth()
    _problem(
        await client.post("/actions", content=orjson.dumps(SECTION), headers=headers), 415, "unsupported-media-type"
    )


@pytest.mark.parametrize("name", ["GZIP", "gzip"])
async def test_a_packed_body_is_unpacked(client: httpx.AsyncClient, recorder: Recorder, name: str) -> None:
    headers = {"content-type": "application/cloudevents+json", "content-encoding": name} | _auth()
    answer = await client.post("/actions", content=gzip.compress(orjson.dumps(SECTION)), headers=headers)
    assert answer.status_code == 201, answer.text
    assert recorder.submitted[0].id == SECTION["id"]


PACKED = gzip.compress(orjson.dumps(SECTION))


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (gzip.compress(bytes(64 * 1024 + 1)), 413, "too-large"),
        (gzip.compress(gzip.compress(bytes(10_000_000))), 400, "not-utf8"),  # twice: it is unpacked once
        (PACKED[:-9], 400, "not-gzip"),
        (PACKED[:-5] + b"12345", 400, "not-gzip"),
        (PACKED + b"x", 400, "not-gzip"),
        (PACKED + PACKED, 400, "not-gzip"),
        (orjson.dumps(SECTION), 400, "not-gzip"),
        (b"", 400, "not-gzip"),
    ],
    ids=["too large", "twice", "cut off", "damaged", "a letter more", "two", "plain", "empty"],
)
async def test_what_cannot_be_unpacked(client: httpx.AsyncClient, raw: bytes, status: int, code: str) -> None:
    headers = {"content-type": "application/cloudevents+json", "content-encoding": "gzip"} | _auth()
    _problem(await client.post("/actions", content=raw, headers=headers), status, code)


async def test_another_encoding_is_415_and_says_which_is_taken(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/cloudevents+json", "content-encoding": "br"} | _auth()
    answer = await client.post("/actions", content=b"x", headers=headers)
    _problem(answer, 415, "unsupported-media-type")
    assert answer.headers["accept-encoding"] == "gzip"


async def test_an_item_with_a_member_twice_leaves_its_neighbours_alone(client: httpx.AsyncClient) -> None:
    twice = orjson.dumps(SECTION)[:-1] + b',"id":"a-2"}'
    answer = await _batch(client, b"[" + b",".join([orjson.dumps(SECTION), twice]) + b"]")
    assert [item["status"] for item in answer.json()] == [201, 400]
    assert answer.json()[1]["problem"]["code"] == "member-twice"


async def test_a_batch_answers_each_in_its_order(client: httpx.AsyncClient, recorder: Recorder) -> None:
    batch = [SECTION, {"x": 1}, SECTION | {"id": "a-2", "data": {}}, 3, SECTION | {"id": "a-3"}]
    response = await _batch(client, batch)
    assert response.status_code == 200
    answers = response.json()
    assert [a["status"] for a in answers] == [201, 422, 422, 422, 201]
    assert [a["receipt"]["id"] for a in answers if "receipt" in a] == ["a-1", "a-3"]
    assert answers[2]["problem"]["receipt"]["id"] == "a-2"
    assert [s.id for s in recorder.submitted] == ["a-1", "a-2", "a-3"]


async def test_an_action_too_large_or_too_deep_in_a_batch_leaves_its_neighbours_alone(
    client: httpx.AsyncClient,
) -> None:
    deep: object = 1
    for _ in range(240):
        deep = [deep]
    raw = orjson.dumps(
        [SECTION, SECTION | {"data": {"name": "x" * 70_000}}, SECTION | {"id": "a-2", "data": {"x": deep}}]
    )
    assert [a["status"] for a in (await _batch(client, raw)).json()] == [201, 413, 422]
    raw = (
        b"["
        + orjson.dumps(SECTION)
        + b","
        + b"[" * 500
        + b"]" * 500
        + b","
        + b'{"data":'
        + b"[" * 500
        + b"]" * 500
        + b"}]"
    )
    assert [a["status"] for a in (await _batch(client, raw)).json()] == [201, 400, 400]


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{}", 400, "not-a-list"),
        (b"", 400, "not-a-list"),
        (b"[", 400, "not-json"),
        (b'["\xff"]', 400, "not-utf8"),
        (b"[" + b"1," * 1000 + b"1]", 413, "too-large"),
    ],
)
async def test_a_batch_that_cannot_be_read(client: httpx.AsyncClient, raw: bytes, status: int, code: str) -> None:
    _problem(await _batch(client, raw), status, code)


async def test_an_empty_batch(client: httpx.AsyncClient) -> None:
    response = await _batch(client, [])
    assert (response.status_code, response.json()) == (200, [])


# --- who may ---


@pytest.mark.parametrize(("method", "path"), [("POST", "/actions"), ("GET", "/receipts"), ("POST", "/open")])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eA=="}])
async def test_without_a_known_token_401_and_logged(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    with capture_logs() as logs:
        response = await client.request(method, path, headers=headers)
    _problem(response, 401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert [entry["event"] for entry in logs] == ["refused"]
    assert "wrong" not in repr(logs)


@pytest.mark.parametrize("token", ["reader", "auditor", "operator", "study"])
async def test_who_may_not_publish_this(client: httpx.AsyncClient, recorder: Recorder, token: str) -> None:
    _problem(await _post(client, SECTION, token), 403, "forbidden")
    assert not recorder.submitted


@pytest.mark.parametrize(
    ("change", "status"),
    [({}, 201), ({"office": "o-2"}, 403), ({"source": "/hr"}, 403), ({"type": "chengzhang.work.file-output.v1"}, 403)],
)
async def test_a_publisher_keeps_to_its_source_office_and_types(
    client: httpx.AsyncClient, change: dict[str, str], status: int
) -> None:
    data = {"session": "s", "person": "p", "centi_xueshi": 100, "account": "study"}
    action = SECTION | {"source": "/study", "type": "chengzhang.learning.credit-hours.v1", "data": data} | change
    assert (await _post(client, action, "study")).status_code == status
    (answer,) = (await _batch(client, [action], "study")).json()
    assert answer["status"] == status


# --- trouble ---


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Busy("20000 actions are waiting"), 429, "busy"),
        (Unavailable("no database"), 503, "unavailable"),
        (ReadOnly("shard 3 is read-only"), 503, "read-only"),
    ],
)
async def test_trouble_says_when_to_come_again(
    client: httpx.AsyncClient, recorder: Recorder, error: RecorderError, status: int, code: str
) -> None:
    recorder.raises = error
    for send in (_post, _batch):
        response = await send(client, SECTION if send is _post else [SECTION])
        _problem(response, status, code)
        assert int(response.headers["retry-after"]) > 0


async def test_a_failure_on_one_action_is_a_500_of_that_one(client: httpx.AsyncClient, recorder: Recorder) -> None:
    recorder.fails = True
    _problem(await _post(client, SECTION), 500, "internal")


async def test_the_unexpected_is_a_problem_without_a_stack_trace(
    client: httpx.AsyncClient, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError(NAME)

    monkeypatch.setattr(recorder, "submit", broken)
    with capture_logs() as logs:
        response = await _post(client, SECTION)
    _problem(response, 500, "internal")
    assert logs[0]["event"] == "unexpected"
    assert NAME not in repr(logs)


async def test_unknown_paths_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    _problem(await client.get("/nothing"), 404, "not-found")
    _problem(await client.get("/actions"), 405, "method-not-allowed")


# --- receipts ---


@pytest.mark.parametrize(
    ("token", "status"), [("publisher", 200), ("study", 200), ("auditor", 200), ("operator", 200), ("reader", 403)]
)
async def test_a_receipt_again(client: httpx.AsyncClient, token: str, status: int) -> None:
    params = {"office": "o-1", "source": "/study", "id": "a-1"}
    assert (await client.get("/receipts", params=params, headers=_auth(token))).status_code == status


async def test_no_receipt_and_not_ones_own(client: httpx.AsyncClient) -> None:
    params = {"office": "o-1", "source": "/study", "id": "a-2"}
    _problem(await client.get("/receipts", params=params, headers=_auth()), 404, "no-receipt")
    _problem(await client.get("/receipts", params=params | {"office": "o-2"}, headers=_auth("study")), 403, "forbidden")


@pytest.mark.parametrize(("token", "status"), [("study", 200), ("auditor", 200), ("reader", 403)])
async def test_a_source_s_receipts(client: httpx.AsyncClient, token: str, status: int) -> None:
    params = {"office": "o-1", "source": "/study", "after": "1"}
    answer = await client.get("/receipts", params=params, headers=_auth(token))
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {
            "office": "o-1",
            "source": "/study",
            "items": [{"by": "study", "code": None, "number": 2}],
            "next": "1",
        }
        first = await client.get("/receipts", params=params | {"after": ""}, headers=_auth(token))
        assert [each["number"] for each in first.json()["items"]] == [0, 1, 2]


async def test_a_parameter_that_there_is_not_is_named(client: httpx.AsyncClient) -> None:
    asked = {"ofice": "o-1", "source": "/oa", "id": "a-1"}
    found = _problem(await client.get("/receipts", params=asked, headers=_auth()), 422, "invalid-field")
    assert found["detail"] == "/query/ofice: is not a parameter of this resource (did you mean office?)"
    assert _problem(await client.post("/actions?dryrun=1", json={}, headers=_auth()), 422, "invalid-field")["errors"]


async def test_a_missing_parameter_is_named(client: httpx.AsyncClient) -> None:
    body = _problem(await client.get("/receipts?office=o-1", headers=_auth()), 422, "invalid-field")
    assert [e["pointer"] for e in body["errors"]] == ["/query/source"]
    for more in ({}, {"id": "a-1", "after": "3"}):
        asked = {"office": "o-1", "source": "/oa"} | more
        body = _problem(await client.get("/receipts", params=asked, headers=_auth()), 422, "invalid-field")
        assert [e["pointer"] for e in body["errors"]] == ["/query/id"]
    for after in ("-1", "x", "1" * 19):
        asked = {"office": "o-1", "source": "/oa", "after": after}
        body = _problem(await client.get("/receipts", params=asked, headers=_auth()), 422, "invalid-field")
        assert [e["pointer"] for e in body["errors"]] == ["/query/after"]


# --- opening ---


def _sealed(person: str, text: str, office: str = "o-1") -> dict[str, Any]:
    return _key(Owner(office, person)).seal(text, EVENT).model_dump()


async def test_a_reader_opens_and_it_is_logged_without_contents(client: httpx.AsyncClient) -> None:
    items = [_sealed("p-1", NAME), _sealed("p-2", "李四")]
    with capture_logs() as logs:
        response = await client.post("/open", json={"items": items}, headers=_auth("reader"))
    assert response.json() == {"items": [{"text": NAME}, {"text": "李四"}]}
    assert [(e["event"], e["grant"], e["opened"]) for e in logs] == [("opened", "reader", 2)]
    assert NAME not in repr(logs)


@pytest.mark.parametrize(
    ("token", "opened"),
    [
        ("zhang", ["here", "there"]),
        ("zhang-there", ["there"]),
        ("office", ["here", "other", "seated"]),
        ("section", ["seated"]),
    ],
)
async def test_a_narrowed_reader_opens_only_what_is_within_reach(
    client: httpx.AsyncClient, token: str, opened: list[str]
) -> None:
    """Of the own person, of the own offices, of who sits in the own section of them."""
    items = {
        "here": _sealed("p-1", "here"), "there": _sealed("p-1", "there", "o-2"), "other": _sealed("p-2", "other"),
        "seated": _sealed("p-3", "seated"), "far": _sealed("p-3", "far", "o-2"),
    }  # fmt: skip
    response = await client.post("/open", json={"items": list(items.values())}, headers=_auth(token))
    expected = [{"text": name} if name in opened else {"error": "forbidden"} for name in items]
    assert response.json() == {"items": expected}


@pytest.mark.parametrize("token", ["publisher", "auditor", "operator"])
async def test_nobody_else_opens(client: httpx.AsyncClient, token: str) -> None:
    _problem(await client.post("/open", json={"items": []}, headers=_auth(token)), 403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"items":3}', b'{"items":[{}]}', b"\xff", orjson.dumps({"items": [_sealed("p", "x")] * 1001})],
)
async def test_what_is_no_request_to_open(client: httpx.AsyncClient, body: bytes) -> None:
    told = _problem(await client.post("/open", content=body, headers=_auth("reader")), 422, "invalid-field")
    assert told["errors"]


# --- health ---


async def test_health_is_open_to_everyone(client: httpx.AsyncClient, recorder: Recorder) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json"):
        assert (await client.get(path)).status_code == 200, path
    recorder.ready = False
    assert (await client.get("/readyz")).status_code == 503
