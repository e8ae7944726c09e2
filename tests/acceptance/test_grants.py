"""No access without a grant, and no more than the grant says; refusals are problems, logged without contents."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from deploy.local.cli import app as office_cli
from tests.acceptance.pair import BATCH, PLANTED, STRUCTURED, Json, Office, Pair, line, unique


@dataclass(frozen=True)
class Scene:
    """An office with two persons, each with an entry; grants for parts of it."""

    office: Office
    person: str
    other: str
    receipt: Json


def _token() -> str:
    return f"token-{secrets.token_hex(12)}"


@pytest.fixture(scope="module")
def scene(pair: Pair) -> Scene:
    office = Office(pair)
    person, other = office.register(), office.register()
    session = office.convened(person)
    attended = office.attendance(session, line(person), line(other))
    publisher = {
        "token": _token(), "role": "publisher", "offices": [office.id], "sources": ["/study"],
        "types": ["chengzhang.people.*"],
    }  # fmt: skip
    pair.grant({
        "study": publisher,
        "zhang": {"token": _token(), "role": "reader", "person": person},
        "their-office": {"token": _token(), "role": "reader", "offices": [office.id]},
        "elsewhere": {"token": _token(), "role": "reader", "offices": ["o-elsewhere"]},
        "near": {"token": _token(), "role": "auditor", "offices": ["o-elsewhere"]},
    })  # fmt: skip
    receipt = pair.accepted(attended)
    pair.seen(receipt)
    return Scene(office, person, other, receipt)


def _problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == {401: "unauthorized", 403: "forbidden"}[status]
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong-token", "Basic cHVibGlzaGVyOng=", "bearer  two words"],
)
def test_without_a_known_token_nothing_is_told(pair: Pair, scene: Scene, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    asked = [
        pair.http.post("/actions", json={}, headers={**headers, "content-type": STRUCTURED}),
        pair.http.get("/receipts", params={"office": "o", "source": "s", "id": "i"}, headers=headers),
        pair.http.post("/open", json={"items": []}, headers=headers),
        pair.reads.get(f"/people/{scene.person}/growth-file", headers=headers),
        pair.reads.get(f"/offices/{scene.office}/growth-entries", headers=headers),
    ]
    for answer in asked:
        _problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_health_and_the_apis_own_pages_are_open(pair: Pair) -> None:
    for client in (pair.http, pair.reads):
        for path in (
            "/livez",
            "/readyz",
            "/metrics",
            "/openapi.json",
            "/asyncapi.json",
            "/docs",
            "/schemas/event.json",
        ):
            assert client.get(path).status_code == 200, path


def test_a_publisher_keeps_to_its_source_office_and_types(pair: Pair, scene: Scene) -> None:
    mine = scene.office.section() | {"source": "/study"}
    assert pair.post(mine, token="study").status_code == 201
    assert pair.post_binary(scene.office.section() | {"source": "/study"}, "study").status_code == 201
    elsewhere = Office(pair).section() | {"source": "/study"}
    refused = [
        scene.office.section(),
        elsewhere,
        scene.office.session(scene.person) | {"source": "/study"},
        mine | {"type": "chengzhang.peopleX.define-section.v1"},
    ]
    for fields in refused:
        _problem(pair.post(fields, token="study"), 403)
        _problem(pair.post_binary(fields, "study"), 403)
    assert not [r for r in pair.receipts(scene.office.id) if r["id"] in {f["id"] for f in refused[:3]}]


def test_what_is_taken_back_or_put_in_its_place_is_the_senders_own(pair: Pair, scene: Scene) -> None:
    """Not what others sent, nor of other types, whatever may revoke anything says; over Kafka neither."""
    everything = ["chengzhang.any.*", "chengzhang.people.*", "chengzhang.learning.record-attendance.v1"]
    taking = {"token": _token(), "role": "publisher", "offices": [scene.office.id], "sources": ["/study"]}
    pair.grant({"taking": taking | {"types": everything}, "only-taking": taking | {
        "token": _token(), "types": ["chengzhang.any.*"]}})  # fmt: skip
    mine = pair.accepted(scene.office.section() | {"source": "/study"}, "taking")["events"][0]["id"]
    theirs = pair.accepted(scene.office.section())["events"][0]["id"]  # of the source /test
    session = pair.accepted(scene.office.session(scene.person) | {"source": "/study"})["events"][0]["id"]

    def revocation(event: str) -> Json:
        data = {"event": event, "reason": "mistake"}
        return scene.office.action("any.revoke-entry", data) | {"source": "/study"}

    for token, event in (("taking", theirs), ("taking", session), ("only-taking", mine)):
        answer = pair.post(revocation(event), token=token)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-yours"), (token, answer.text)
        assert answer.json()["receipt"]["final"]
        told = f"{answer.json()['detail']}{answer.json()['receipt']['message']}"
        assert not [known for known in (event, "/test", scene.person, "session", "section") if known in told]
    (item,) = pair.post_many([revocation(theirs)], "taking")
    assert item["status"] == 403
    replacement = {
        "type": "chengzhang.work.file-output.v1", "time": "2026-03-02T09:00:00+08:00",
        "data": {"output": unique("u"), "lead": scene.person, "line": "information", "title": "t", "level": "office",
                 "effect": "adopted"},
    }  # fmt: skip
    data = {"event": mine, "reason": "mistake", "replacement": replacement}
    corrected = pair.post(scene.office.action("any.correct-entry", data) | {"source": "/study"}, token="taking")
    _problem(corrected, 403)
    assert pair.post(revocation(mine), token="taking").status_code == 201


def test_what_cannot_be_undone_is_named_and_comes_over_http(pair: Pair, scene: Scene) -> None:
    about = {"person": scene.other, "basis": "\u4ee4"}
    wild = {"token": _token(), "role": "publisher", "types": ["chengzhang.people.*", "*"]}
    pair.grant({"wild": wild})
    for name in ("people.place-hold", "people.lift-hold", "people.erase-person"):
        for token in ("publisher", "wild"):
            refused = _problem(pair.post(scene.office.action(name, about), token=token), 403)
            assert "names the type itself" in refused["detail"]
        (told,) = pair.told([scene.office.action(name, about)])
        assert told.receipt is not None
        assert (told.code, told.receipt["final"], told.receipt["by"]) == ("not-yours", True, "publisher")
    pair.accepted(scene.office.action("people.place-hold", about), "eraser")
    pair.accepted(scene.office.action("people.lift-hold", about), "eraser")


def test_who_requests_an_erasure_does_not_confirm_it(pair: Pair, scene: Scene) -> None:
    both = {"token": _token(), "role": "publisher", "types": [
        "chengzhang.people.request-erasure.v1", "chengzhang.people.erase-person.v1"]}  # fmt: skip
    pair.grant({"both": both})
    about = {"person": scene.office.register(), "basis": "\u4ee4"}
    unasked = pair.post(scene.office.action("people.erase-person", about), token="both")
    assert (unasked.status_code, unasked.json()["code"]) == (422, "unknown-reference")
    pair.accepted(scene.office.action("people.request-erasure", about), "both")
    alone = pair.post(scene.office.action("people.erase-person", about), token="both")
    assert (alone.status_code, alone.json()["code"]) == (403, "not-yours")
    pair.accepted(scene.office.action("people.erase-person", about), "eraser")


def test_nobody_is_called_by_name_as_the_actor(pair: Pair) -> None:
    """By either door: free text beside sealed fields doesn't say what they hide. What is known of a name is erased."""
    office = Office(pair)
    name = f"\u738b{unique('n')}"
    person = office.register(name=name)
    for actor in (name, f" {name}\u3000"):
        fields = office.section() | {"actor": actor}
        answer = pair.post(fields)
        assert (answer.status_code, answer.json()["code"]) == (422, "plaintext-sealed"), answer.text
        assert answer.json()["receipt"]["final"]
        assert pair.post(fields).json()["receipt"] == answer.json()["receipt"]
        (told,) = pair.told([office.section() | {"actor": actor}])
        assert told.code == "plaintext-sealed"
    assert pair.post(office.section() | {"actor": person}).status_code == 201
    about = {"person": person, "basis": "\u4ee4"}
    pair.accepted(office.action("people.request-erasure", about))
    pair.accepted(office.action("people.erase-person", about), "eraser")
    assert pair.sql("SELECT * FROM vault.name WHERE office = $1", str(office)) == []


def test_in_a_batch_what_is_not_allowed_is_refused_alone(pair: Pair, scene: Scene) -> None:
    mine, theirs = scene.office.section() | {"source": "/study"}, scene.office.section()
    first, second = pair.post_many([theirs, mine], "study")
    assert (first["status"], first["problem"]["code"], first["problem"]["receipt"]) == (403, "forbidden", None)
    assert second["status"] == 201


@pytest.mark.parametrize("token", ["reader", "auditor", "operator", "zhang"])
def test_only_publishers_publish(pair: Pair, scene: Scene, token: str) -> None:
    fields = scene.office.section()
    _problem(pair.post(fields, token=token), 403)
    (item,) = pair.post_many([fields], token)
    assert item["status"] == 403


def test_who_sent_it_is_in_events_and_receipts(pair: Pair, scene: Scene) -> None:
    """By the token's name, or the Kafka login's; whoever sends it again gets what the first one got."""
    over_http = scene.office.section() | {"source": "/study", "actor": "publisher"}
    first = pair.post(over_http, token="study").json()
    assert first["by"] == "study"
    again = pair.post(over_http)
    assert (again.status_code, again.json()) == (200, first)
    refused = pair.post(over_http | {"id": unique("a")}, token="study").json()  # the section is there already
    assert (refused["code"], refused["receipt"]["by"]) == ("id-reused", "study")
    over_kafka = scene.office.section()
    (told,) = pair.told([over_kafka])
    assert told.receipt is not None
    assert told.receipt["by"] == "publisher"
    by = {
        event["causationid"]: (event["by"], event["causationsource"])
        for event in pair.events(scene.office.id, scene.receipt["shard"])
    }
    assert by[over_http["id"]] == ("study", "/study")
    assert by[over_kafka["id"]] == ("publisher", "/test")


def test_an_auditor_asks_what_one_sent(pair: Pair, scene: Scene) -> None:
    sent = scene.office.section() | {"source": "/study"}
    event = pair.post(sent, token="study").json()["events"][0]["id"]
    of_study = pair.command("recorder", "audit", "replay", "--by", "study")
    lines = [json.loads(line) for line in of_study.stdout.splitlines()]
    assert {line["by"] for line in lines} == {"study"}
    assert event in {line["id"] for line in lines}
    nobody = pair.command("recorder", "audit", "replay", "--by", "nobody", "--lang", "en")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "none at all of nobody" in nobody.stderr


def test_who_may_see_receipts(pair: Pair, scene: Scene) -> None:
    fields = {"office": scene.office.id, "source": "/test", "id": scene.receipt["id"]}
    for token in ("publisher", "auditor", "operator"):
        assert pair.receipt(fields, token).json() == scene.receipt
    for token in ("reader", "study", "near", "zhang"):
        _problem(pair.receipt(fields, token), 403)


def test_an_app_sees_its_own_receipts_and_nobody_elses(pair: Pair, scene: Scene) -> None:
    """Of sources that its grant names it sees what others sent, too, but not what somebody had no right to send."""
    app = {"role": "publisher", "offices": [scene.office.id]}
    apps = {name: app | {"token": _token()} for name in ("app-one", "app-two", "app-of-it")}
    apps["app-of-it"]["sources"] = ["/one"]
    pair.grant(apps)
    sent = scene.office.section() | {"source": "/one"}
    receipt = pair.accepted(sent, "app-one")
    key = {"office": scene.office.id, "source": "/one"}
    assert pair.receipt(key | {"id": sent["id"]}, "app-one").json() == receipt
    assert pair.receipt(key | {"id": sent["id"]}, "app-of-it").json() == receipt
    assert pair.receipt(key | {"id": sent["id"]}, "app-two").status_code == 404
    session = pair.accepted(scene.office.session(scene.person))["events"][0]["id"]
    foreign = scene.office.action("any.revoke-entry", {"event": session, "reason": "mistake"}) | {"source": "/one"}
    narrow = {"token": _token(), "role": "publisher", "types": ["chengzhang.any.*"]}
    pair.grant({"app-narrow": narrow})
    assert pair.post(foreign, token="app-narrow").status_code == 403

    def listed(token: str) -> list[str]:
        answer = pair.http.get("/receipts", params=key | {"after": ""}, headers=pair.bearer(token))
        return [item["id"] for item in answer.json()["items"]]

    assert listed("app-one") == listed("app-of-it") == [sent["id"]]
    assert listed("app-two") == []
    assert listed("app-narrow") == [foreign["id"]]
    assert listed("publisher") == listed("auditor") == [sent["id"], foreign["id"]]


@pytest.mark.parametrize("token", ["publisher", "operator", "study"])
def test_who_reads_no_files(pair: Pair, scene: Scene, token: str) -> None:
    _problem(pair.get(f"/people/{scene.person}/growth-file", token), 403)
    _problem(pair.get(f"/people/{scene.person}/appraisals/2026", token), 403)
    _problem(pair.get(f"/offices/{scene.office}/growth-entries", token), 403)
    _problem(pair.http.post("/open", json={"items": []}, headers=pair.bearer(token)), 403)


def test_a_cadre_reads_the_own_file_and_no_other(pair: Pair, scene: Scene) -> None:
    own = pair.read(f"/people/{scene.person}/growth-file", "zhang")
    assert own["name"] == f"{PLANTED}王{scene.person}"
    assert own["entries"]
    _problem(pair.get(f"/people/{scene.other}/growth-file", "zhang"), 403)
    _problem(pair.get(f"/people/{scene.other}/appraisals/2026", "zhang"), 403)
    listed = pair.read(f"/offices/{scene.office}/growth-entries", "zhang")["items"]
    assert {item["person"] for item in listed} == {scene.person}


def test_a_cadre_opens_the_own_name_and_no_other(pair: Pair, scene: Scene) -> None:
    shard = scene.receipt["shard"]
    names = {
        event["data"]["person"]: event["data"]["name"]
        for event in pair.events(scene.office.id, shard)
        if event["type"] == "chengzhang.people.person-registered.v1"
    }
    items = {"items": [names[scene.person], names[scene.other]]}
    answer = pair.http.post("/open", json=items, headers=pair.bearer("zhang"))
    assert answer.json() == {"items": [{"text": f"{PLANTED}王{scene.person}"}, {"error": "forbidden"}]}


def test_a_reader_of_one_office_reads_that_one(pair: Pair, scene: Scene) -> None:
    listed = pair.read(f"/offices/{scene.office}/growth-files", "their-office")["items"]
    assert {item["person"] for item in listed} == {scene.person, scene.other}
    _problem(pair.get(f"/offices/{scene.office}/growth-files", "elsewhere"), 403)
    assert pair.get(f"/people/{scene.person}/growth-file", "elsewhere").status_code == 404
    _problem(pair.get(f"/offices/{scene.office}/growth-files", "near"), 403)


def test_refusals_are_logged_with_ids_and_nothing_else(pair: Pair, scene: Scene) -> None:
    fields = scene.office.registration(unique("p")) | {"source": "/elsewhere"}
    _problem(pair.post(fields, token="study"), 403)
    _problem(pair.get(f"/people/{scene.other}/growth-file", "zhang"), 403)
    wrong = "wrong-" + secrets.token_hex(8)
    pair.http.post("/actions", json={}, headers={"Authorization": f"Bearer {wrong}", "content-type": STRUCTURED})
    refusals = [json.loads(row) for row in pair.recorder.log().splitlines() if '"refused"' in row]
    (told,) = [r for r in refusals if r.get("source") == "/elsewhere"]
    assert (told["grant"], told["reason"], told["office"]) == ("study", "forbidden", scene.office.id)
    assert any(r["reason"] == "unknown-token" for r in refusals)
    theirs = [json.loads(row) for row in pair.projector.log().splitlines() if '"refused"' in row]
    assert any(r.get("grant") == "zhang" and r.get("person") == scene.other for r in theirs)
    for log in (pair.recorder.log(), pair.projector.log()):
        assert wrong not in log
        assert not [token for token in pair.tokens.values() if token in log]
        assert PLANTED not in log


def test_opening_is_logged_by_number(pair: Pair, scene: Scene) -> None:
    pair.read(f"/people/{scene.person}/growth-file", "zhang")
    opened = [json.loads(row) for row in pair.recorder.log().splitlines() if '"opened"' in row]
    assert any(o["grant"] == "zhang" and (o["asked"], o["opened"]) == (1, 1) for o in opened)


def test_a_new_token_works_at_once_and_a_withdrawn_one_no_more(pair: Pair, scene: Scene) -> None:
    pair.grant({"late": {"token": _token(), "role": "reader", "offices": [scene.office.id]}})
    assert pair.get(f"/offices/{scene.office}/growth-files", "late").status_code == 200
    old = pair.bearer("late")
    pair.grant({"late": {"token": _token(), "role": "reader", "offices": [scene.office.id]}})
    asked = pair.reads.get(f"/offices/{scene.office}/growth-files", headers=old)
    _problem(asked, 401)


@pytest.mark.parametrize("broken", [b"{half", b'{"publisher": "short"}', None])
def test_a_token_file_that_cannot_be_trusted_lets_nobody_in(pair: Pair, office: Office, broken: bytes | None) -> None:
    """Nor anybody of the list before it: whoever was taken out of it may be why it was changed."""
    file = pair.settings.tokens
    kept = file.read_bytes()
    try:
        if broken is None:
            file.chmod(0o640)
        else:
            file.write_bytes(broken)
        for _ in range(15):
            _problem(pair.post(office.section()), 401)
            _problem(pair.get(f"/offices/{office}/growth-files", "reader"), 401)
        for client, service in ((pair.http, pair.recorder), (pair.reads, pair.projector)):
            told = client.get("/readyz")
            why = told.json()["tokens_refused"]
            assert told.status_code == 503
            assert str(file) in why["en"]
            assert str(file) in why["zh"]
            assert "grants-refused" in service.log()
    finally:
        file.write_bytes(kept)
        file.chmod(0o600)
    assert pair.post([office.section()], BATCH).status_code == 200
    assert pair.http.get("/readyz").status_code == pair.reads.get("/readyz").status_code == 200


def test_a_token_of_the_command_works_at_once_until_it_is_revoked(pair: Pair, scene: Scene) -> None:
    """``office token``: added, used, listed with its use, rotated, revoked; the command shows it once."""
    made = _office_token(pair, "add", "over-there", "--role", "reader", "--offices", scene.office.id, "--json")
    token = json.loads(made.stdout)["token"]
    assert token not in pair.settings.tokens.read_text()
    asked = f"/offices/{scene.office}/growth-files"
    headers = {"Authorization": f"Bearer {token}"}
    assert pair.reads.get(asked, headers=headers).status_code == 200
    listed = json.loads(_office_token(pair, "list", "--json").stdout)
    (told,) = [each for each in listed if each["name"] == "over-there"]
    assert told["last_used"].startswith("20")
    assert (told["role"], told["offices"], told["expired"]) == ("reader", [scene.office.id], False)
    rotated = _office_token(pair, "rotate", "over-there")
    assert pair.reads.get(asked, headers=headers).status_code == 401
    renewed = {"Authorization": f"Bearer {rotated.stdout.strip()}"}
    assert pair.reads.get(asked, headers=renewed).status_code == 200
    assert _office_token(pair, "revoke", "over-there").exit_code == 0
    assert pair.reads.get(asked, headers=renewed).status_code == 401
    again = _office_token(pair, "revoke", "over-there", "--lang", "en")
    assert (again.exit_code, "there is no over-there" in again.stderr) == (1, True)
    assert _office_token(pair, "add", "x", "--role", "reader", "--types", "a").exit_code == 2
    nothing = _office_token(
        pair, "add", "x", "--role", "publisher", "--types", "chengzhang.any.*,work.*", "--lang", "en"
    )
    assert (nothing.exit_code, "no type of action work.*" in " ".join(nothing.stderr.split())) == (2, True)


def _office_token(pair: Pair, *arguments: str) -> Result:
    env = {"CHENGZHANG_HOME": str(pair.home), "CHENGZHANG_TOKENS": str(pair.settings.tokens)}
    return CliRunner().invoke(office_cli, ["token", *arguments], env=env)
