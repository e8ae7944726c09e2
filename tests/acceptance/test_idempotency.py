"""The same action twice: one fact, one receipt. Another body under the same key: a conflict. On every way in."""

from __future__ import annotations

import copy
import json

from tests.acceptance.pair import PLANTED, Json, Office, Pair, Sent, binary, line, structured


def _events(pair: Pair, office: Office) -> int:
    rows = pair.sql("SELECT body FROM ledger.event")
    return sum(json.loads(row["body"])["office"] == office.id for row in rows)


def _settle(pair: Pair, office: Office) -> None:
    """Everything sent to Kafka before is decided once this is."""
    pair.told([office.section()])


def test_over_http_a_repeat_is_200_with_the_first_receipt(pair: Pair, office: Office) -> None:
    fields = office.section()
    first = pair.post(fields)
    again = pair.post(fields)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert _events(pair, office) == 1


def test_over_kafka_a_repeat_writes_nothing(pair: Pair, office: Office) -> None:
    fields = office.section()
    pair.told([fields])
    pair.publish([fields, binary(fields), fields])
    _settle(pair, office)
    assert [r["id"] for r in pair.receipts(office.id)].count(fields["id"]) == 1
    assert _events(pair, office) == 2


def test_kafka_and_http_are_one(pair: Pair, office: Office) -> None:
    fields = office.section()
    (told,) = pair.told([fields])
    answer = pair.post(fields)
    assert (answer.status_code, answer.json()) == (200, told.receipt)
    assert pair.post_binary(fields).json() == told.receipt
    assert pair.post_many([fields, fields]) == [{"status": 200, "receipt": told.receipt}] * 2
    second = office.section()
    receipt = pair.accepted(second)
    pair.publish([second])
    _settle(pair, office)
    assert [r for r in pair.receipts(office.id) if r["id"] == second["id"]] == [receipt]


def test_in_one_batch_the_first_decides(pair: Pair, office: Office) -> None:
    fields = office.section()
    other = copy.deepcopy(fields)
    other["data"]["name"] = "别的科"
    first, repeat, conflict = pair.post_many([fields, fields, other])
    assert (first["status"], repeat["status"]) == (201, 200)
    assert repeat["receipt"] == first["receipt"]
    assert conflict["status"] == 409
    assert conflict["problem"]["code"] == "key-conflict"
    assert conflict["problem"]["receipt"]["first"] == first["receipt"]["number"]
    assert _events(pair, office) == 1


def test_another_body_is_a_conflict_everywhere(pair: Pair, office: Office) -> None:
    fields = office.section()
    first = pair.accepted(fields)
    changes: list[Json] = [
        {"actor": "p-else"},
        {"time": "2026-03-02T09:00:01+08:00"},
        {"data": fields["data"] | {"name": "别的科"}},
        {"type": "chengzhang.people.end-post.v1"},
        {"type": "chengzhang.unheard-of.v1"},
        {"data": {"nonsense": 1}},
    ]
    for change in changes:
        answer = pair.post(fields | change)
        assert answer.status_code == 409, (change, answer.text)
        body = answer.json()
        assert body["code"] == "key-conflict"
        receipt = body["receipt"]
        assert (receipt["outcome"], receipt["final"], receipt["first"]) == ("conflict", True, first["number"])
        assert (receipt["events"], receipt["at_least"]) == ([], None)
        assert all(receipt["message"][lang] for lang in ("en", "zh"))
    (told,) = pair.told([fields | changes[0]])
    assert told.receipt is not None
    assert (told.receipt["code"], told.receipt["first"]) == ("key-conflict", first["number"])
    assert pair.receipt(fields).json() == first
    assert pair.post(fields).json() == first


def test_what_is_not_the_body_may_differ(pair: Pair, office: Office) -> None:
    fields = office.section()
    first = pair.accepted(fields)
    respelled = json.dumps(dict(reversed(fields.items())), indent=3, ensure_ascii=False).encode()
    assert pair.post(respelled).json() == first
    more = {"entry": "hand", "expectedversion": 77, "subject": "x", "datacontenttype": "application/json"}
    again = pair.post(fields | more)
    assert (again.status_code, again.json()) == (200, first)


def test_the_key_is_office_source_and_id_together(pair: Pair, office: Office) -> None:
    fields = office.section()
    pair.accepted(fields)
    elsewhere = Office(pair)
    assert pair.post(fields | {"office": elsewhere.id}).status_code == 201
    other = office.section()
    assert pair.post(other | {"source": "/other", "id": fields["id"]}).status_code == 201


def test_sealed_bodies_are_compared_by_their_plaintext(pair: Pair, office: Office) -> None:
    fields = office.registration("p-sealed" + office.id[1:])
    first = pair.accepted(fields)
    again = pair.post(fields)
    assert (again.status_code, again.json()) == (200, first)
    other = copy.deepcopy(fields)
    other["data"]["name"] = f"{PLANTED}别人"
    assert pair.post(other).json()["code"] == "key-conflict"
    (row,) = pair.sql(
        "SELECT body_digest FROM ledger.receipt WHERE shard = $1 AND number = $2", first["shard"], first["number"]
    )
    assert len(row["body_digest"]) == 32


def test_a_sealed_correction_repeats_too(pair: Pair, office: Office) -> None:
    person = office.register()
    visit = office.action(
        "welfare.make-home-visit",
        {"visit": "v" + office.id, "person": person, "occasion": f"{PLANTED}婚", "class": "event", "fen": 0,
         "event_on": "2026-03-01", "fund": "none"},
    )  # fmt: skip
    event = pair.accepted(visit)["events"][0]["id"]
    replacement = {"type": visit["type"], "time": visit["time"], "data": visit["data"] | {"occasion": f"{PLANTED}丧"}}
    fields = office.action("any.correct-entry", {"event": event, "reason": "mistake", "replacement": replacement})
    first = pair.accepted(fields)
    assert pair.post(fields).json() == first
    replacement["data"]["occasion"] = f"{PLANTED}病"
    assert pair.post(fields).json()["code"] == "key-conflict"


def test_a_retryable_rejection_passes_once_what_it_lacks_is_there(pair: Pair, office: Office) -> None:
    person, session = "p" + office.id, "s" + office.id
    convene, attend = office.session(person, session), office.attendance(session, line(person))
    rejected = [told.receipt for told in pair.told([convene, attend])]
    assert [r and (r["outcome"], r["final"], r["code"]) for r in rejected] == [
        ("rejected", False, "unknown-reference")
    ] * 2
    assert pair.receipt(convene).status_code == 404
    office.register(person)
    assert pair.post(convene).status_code == 201
    assert pair.post(attend).status_code == 201
    assert pair.post(attend).status_code == 200


def test_a_retryable_rejection_may_pass_with_another_body(pair: Pair, office: Office) -> None:
    person = office.register()
    fields = office.session("p-nobody")
    assert pair.post(fields).json()["code"] == "unknown-reference"
    fields["data"]["chair"] = person
    assert pair.post(fields).status_code == 201


def test_a_final_rejection_takes_the_key(pair: Pair, office: Office) -> None:
    fields = office.section()
    wrong = copy.deepcopy(fields)
    wrong["data"]["nmae"] = wrong["data"].pop("name")
    first = pair.post(wrong)
    assert first.status_code == 422
    again = pair.post(wrong)
    assert (again.status_code, again.json()["receipt"]) == (422, first.json()["receipt"])
    mended = pair.post(fields)
    assert mended.status_code == 409
    assert mended.json()["receipt"]["first"] == first.json()["receipt"]["number"]
    assert pair.receipt(fields).json() == first.json()["receipt"]


def test_a_stale_version_is_409_and_may_come_again(pair: Pair, office: Office) -> None:
    person = office.register()
    session = office.convened(person)
    fields = office.attendance(session, line(person)) | {"expectedversion": 5}
    stale = pair.post(fields)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale-version")
    assert stale.json()["receipt"]["final"] is False
    (told,) = pair.told([office.attendance(session, line(person)) | {"expectedversion": 0}])
    assert told.code == "stale-version"
    assert pair.post(fields | {"expectedversion": 1}).status_code == 201
    repeat = pair.post(fields | {"expectedversion": 1})
    assert repeat.status_code == 200


def test_binary_mode_takes_expectedversion_as_a_number(pair: Pair, office: Office) -> None:
    told = pair.told([binary(office.section() | {"expectedversion": version}) for version in (0, 1)])
    assert [t.code for t in told] == [None, "stale-version"]
    assert pair.post_binary(office.section() | {"expectedversion": "one"}).status_code == 422


def test_a_thousand_at_once_are_each_answered(pair: Pair, office: Office) -> None:
    actions = [office.section() for _ in range(1000)]
    answers = pair.post_many(actions)
    assert {a["status"] for a in answers} == {201}
    assert [a["receipt"]["id"] for a in answers] == [a["id"] for a in actions]
    assert {a["status"] for a in pair.post_many(actions)} == {200}


def test_a_header_in_capitals_and_a_parameter_are_structured_all_the_same(pair: Pair, office: Office) -> None:
    value = structured(office.section()).value
    odd = Sent(value, [("Content-Type", b"application/cloudevents+json; charset=utf-8")])
    (told,) = pair.told([odd])
    assert told.code is None
