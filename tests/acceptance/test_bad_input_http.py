"""Bad input over HTTP: a problem that says what, where and how to mend it, in both languages; never a 500."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.acceptance.bad import BAD, Bad
from tests.acceptance.pair import BATCH, STRUCTURED, Office, Pair, unique


@pytest.fixture(scope="module")
def scene(pair: Pair) -> tuple[Office, str, str]:
    office = Office(pair)
    person = office.register()
    return office, person, office.convened(person)


def _problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert list(body) == ["type", "title", "status", "detail", "code", "errors", "receipt"]
    assert (body["status"], body["code"]) == (status, code), body
    assert body["type"] == f"urn:chengzhang:problem:{code}"
    assert body["detail"]
    assert "Traceback" not in answer.text
    for error in body["errors"]:
        assert error.keys() == {"pointer", "message", "fix"}
        assert all(error[part][lang] for part in ("message", "fix") for lang in ("en", "zh"))
    return body


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_a_bad_action(pair: Pair, scene: tuple[Office, str, str], bad: Bad) -> None:
    body = _problem(pair.post(bad.make(*scene)), bad.status, bad.code)
    assert (body["receipt"] is None) is bad.quarantined
    if bad.pointer is not None:
        assert bad.pointer in [error["pointer"] for error in body["errors"]], body["errors"]


def test_hours_are_told_to_be_minutes(pair: Pair, scene: tuple[Office, str, str]) -> None:
    (hours,) = (bad for bad in BAD if bad.name == "hours for minutes")
    errors = pair.post(hours.make(*scene)).json()["errors"]
    (told,) = (error for error in errors if error["pointer"].endswith("/hours"))
    assert "minutes" in told["fix"]["en"]
    assert "minutes" in told["fix"]["zh"]


def test_bad_ones_in_a_batch_spoil_nobody_else(pair: Pair, scene: tuple[Office, str, str]) -> None:
    readable = [bad for bad in BAD if bad.status == 422 or bad.code == "too-deep"]
    items = [json.loads(bad.make(*scene)) for bad in readable]
    mixed = [part for item in items for part in (item, scene[0].section())]
    answers = pair.post_many(mixed)
    assert {answer["status"] for answer in answers[1::2]} == {201}
    for bad, answer in zip(readable, answers[::2], strict=True):
        assert answer.keys() == {"status", "problem"}, bad.name
        assert answer["status"] == answer["problem"]["status"] == bad.status, (bad.name, answer)
        assert answer["problem"]["code"] == bad.code


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "not-a-list"),
        (b"{}", 400, "not-a-list"),
        (b"[{]", 400, "not-json"),
        (b'["\xff"]', 400, "not-utf8"),
        (b"[" * 10_000 + b"]" * 10_000, 400, "not-json"),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", 413, "too-large"),
    ],
    ids=["empty", "object", "broken", "not UTF-8", "deep", "1,001"],
)
def test_a_bad_batch(pair: Pair, content: bytes, status: int, code: str) -> None:
    _problem(pair.post(content, BATCH), status, code)


def test_an_empty_batch_is_one(pair: Pair) -> None:
    assert pair.post_many([]) == []


def test_items_that_are_no_objects(pair: Pair, office: Office) -> None:
    answers = pair.post_many([1, None, "x", [], {}, office.section()])
    assert [answer["status"] for answer in answers] == [422] * 5 + [201]


def test_a_body_that_is_too_large(pair: Pair) -> None:
    _problem(pair.post(b"x" * (64 * 1024 + 1)), 413, "too-large")
    _problem(pair.post(b"[" + b" " * (16 * 1024 * 1024), BATCH), 413, "too-large")


@pytest.mark.parametrize("content", [b"", b" "])
def test_an_empty_body(pair: Pair, content: bytes) -> None:
    assert pair.post(content).status_code == 400


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/json", "application/xml", "", "application/cloudevents+json; charset=gbk", "x"],
)
def test_a_wrong_content_type(pair: Pair, office: Office, content_type: str) -> None:
    _problem(pair.post(office.section(), content_type), 415, "unsupported-media-type")


def test_a_content_type_with_parameters_and_capitals_is_right(pair: Pair, office: Office) -> None:
    assert pair.post(office.section(), "Application/CloudEvents+JSON; charset=UTF-8").status_code == 201


def test_binary_mode_says_what_is_wrong_as_well(pair: Pair, office: Office) -> None:
    fields = office.section()
    del fields["time"]
    body = _problem(pair.post_binary(fields), 422, "invalid-field")
    assert body["errors"][0]["pointer"] == "/time"
    body = _problem(pair.post_binary({k: v for k, v in fields.items() if k != "office"}), 422, "no-address")
    undecodable = {f"ce-{k}": str(v) for k, v in office.section().items() if k != "data"} | {"ce-actor": "%FF"}
    told = _problem(pair.post({}, "application/json", **undecodable), 400, "bad-header")
    assert told["errors"][0]["pointer"] == "/headers/ce-actor"
    empty = {f"ce-{k}": str(v) for k, v in office.section().items() if k != "data"}
    _problem(pair.post(b"", "application/json", **empty), 400, "not-json")


@pytest.mark.parametrize(
    ("written", "actor"), [("%E7%8E%8B", "王"), ('"%E7%8E%8B \\"x\\""', '王 "x"'), ("%25E7", "%E7")]
)
def test_binary_mode_is_unquoted_and_percent_decoded_once(pair: Pair, office: Office, written: str, actor: str) -> None:
    fields = office.section()
    headers = {f"ce-{k}": str(v) for k, v in fields.items() if k != "data"} | {"ce-actor": written}
    answer = pair.post(fields["data"], "application/json", **headers)
    assert answer.status_code == 201
    events = pair.sql("SELECT convert_from(body, 'UTF8')::json ->> 'actor' AS actor FROM ledger.event WHERE id = $1",
                      answer.json()["events"][0]["id"])  # fmt: skip
    assert events[0]["actor"] == actor


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/actions", 405),
        ("DELETE", "/actions", 405),
        ("PUT", "/open", 405),
        ("POST", "/nowhere", 404),
        ("GET", "/receipts?office=o", 422),
    ],
)
def test_a_wrong_way_in_is_a_problem_too(pair: Pair, method: str, path: str, status: int) -> None:
    answer = pair.http.request(method, path, headers=pair.bearer("publisher"))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"items":1}',
        b'{"items":[{}]}',
        b'{"items":[],"more":1}',
        b'{"items":' + b"[" * 9999,
        b"\xff",
    ],
)
def test_open_with_a_bad_body(pair: Pair, content: bytes) -> None:
    answer = pair.http.post("/open", content=content, headers=pair.bearer("reader"))
    _problem(answer, 422, "invalid-field")


def test_open_of_too_many(pair: Pair) -> None:
    sealed = {"alg": "A256GCM", "kid": "k", "aad": "00000000-0000-5000-8000-000000000000", "iv": "AAAA", "ct": "AAAA"}
    answer = pair.http.post("/open", json={"items": [sealed] * 1001}, headers=pair.bearer("reader"))
    _problem(answer, 422, "invalid-field")
    odd = [sealed | {"kid": "\u0000"}, sealed | {"iv": "é" * 16}, sealed | {"ct": "*"}]
    answer = pair.http.post("/open", json={"items": odd}, headers=pair.bearer("reader"))
    assert answer.status_code in {200, 422}, answer.text


def test_odd_questions_for_receipts(pair: Pair, office: Office) -> None:
    for key in ("a\x00b", "王" * 64, "%", "' OR 1=1 --", "a" * 256):
        query = {"office": office.id, "source": key, "id": key}
        answer = pair.http.get("/receipts", params=query, headers=pair.bearer("publisher"))
        assert answer.status_code in {404, 422}, (key, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_charset_in_a_header_line(pair: Pair, office: Office) -> None:
    content = json.dumps(office.section()).encode()
    headers: dict[bytes, bytes] = {b"content-type": STRUCTURED.encode() + b"; charset=\xff"}
    headers |= {name.encode(): value.encode() for name, value in pair.bearer("publisher").items()}
    answer = pair.http.post("/actions", content=content, headers=list(headers.items()))
    assert answer.status_code == 415


def test_the_log_has_no_trace_and_no_failure(pair: Pair, office: Office) -> None:
    pair.accepted(office.section(unique("s")))
    log = pair.recorder.log()
    assert "Traceback" not in log
    assert '"unexpected"' not in log
    assert "append-failed" not in log
