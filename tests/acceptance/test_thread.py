"""A few facts all the way: sent as apps send them, recorded, published, folded, read; each format as promised."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
import rfc8785

from tests.acceptance.pair import PLANTED, Json, Office, Pair, Sent, binary, line, unique
from tests.support.published import validator

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:chengzhang:event")


@dataclass
class Story:
    """What was sent, and the receipts that came of it, in the order of sending."""

    office: str
    shard: int
    person: str
    colleague: str
    head: str
    session: str
    receipts: list[Json] = field(default_factory=list)
    actions: dict[str, Json] = field(default_factory=dict)

    def events(self, name: str) -> list[Json]:
        return [e for r in self.receipts for e in r["events"] if e["type"] == f"chengzhang.{name}.v1"]


@pytest.fixture(scope="module")
def story(pair: Pair) -> Story:
    office = Office(pair)
    shard = int.from_bytes(hashlib.sha256(office.id.encode()).digest()[:8], "big") % 8
    told = Story(office.id, shard, unique("p"), unique("p"), unique("p"), unique("s"))
    for step in (_people, _learning, _others, _second_thoughts):
        step(pair, office, told)
    pair.seen(told.receipts[-1])
    return told


def _note(told: Story, fields: Json, receipt: Json) -> None:
    assert receipt["outcome"] == "accepted", receipt
    told.receipts.append(receipt)
    told.actions[fields["id"]] = fields


def _people(pair: Pair, office: Office, told: Story) -> None:
    """One batch over HTTP; then posts over Kafka, structured with and without the header."""
    persons = [office.registration(p, joined_on="2020-01-01") for p in (told.person, told.colleague, told.head)]
    batch = [office.section("s-a", "综合科"), office.section("s-b", "信息科"), *persons]
    for fields, item in zip(batch, pair.post_many(batch), strict=True):
        assert item.keys() == {"status", "receipt"}
        assert item["status"] == 201
        _note(told, fields, item["receipt"])
    posts = [
        office.action(
            "people.assume-post",
            {"person": p, "post": f"post-{p}", "tier": tier, "section": "s-a", "from_on": "2020-01-01"},
        )
        for p, tier in ((told.person, "staff"), (told.colleague, "staff"), (told.head, "section-head"))
    ]
    records: list[Sent | Json] = [posts[0], Sent(json.dumps(posts[1]).encode()), posts[2]]
    for fields, outcome in zip(posts, pair.told(records, key=office.id.encode()), strict=True):
        assert outcome.receipt is not None
        _note(told, fields, outcome.receipt)


def _learning(pair: Pair, office: Office, told: Story) -> None:
    """HTTP in binary mode; then Kafka in binary and in structured mode."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    convened = office.session(told.head, told.session, expected=[told.person, told.colleague])
    convened |= {"traceparent": trace, "entry": "machine", "expectedversion": 0}
    answer = pair.post_binary(convened)
    assert answer.status_code == 201, answer.text
    _note(told, convened, answer.json())
    roll = office.attendance(told.session, line(told.person), line(told.colleague, "leave", 0, leave_kind="duty"))
    roll["data"]["guide"] = "people"
    credit = office.action(
        "learning.credit-hours",
        {"session": told.session, "person": told.person, "centi_xueshi": 150, "account": "recognised"},
        expectedversion=3,
    )
    for fields, outcome in zip((roll, credit), pair.told([binary(roll), binary(credit)]), strict=True):
        assert outcome.receipt is not None
        _note(told, fields, outcome.receipt)


def _others(pair: Pair, office: Office, told: Story) -> None:
    talk = office.action(
        "talk.hold-talk",
        {
            "talk": unique("t"), "initiator": told.head, "participants": [told.person], "mode": "one-to-one",
            "topics": [f"{PLANTED}议题", f"{PLANTED}第二"], "note": f"{PLANTED}谈话",
        },
        time="2026-03-03T09:00:00+08:00",
    )  # fmt: skip
    visit = office.action(
        "welfare.make-home-visit",
        {
            "visit": unique("v"), "person": told.person, "occasion": f"{PLANTED}住院", "class": "event", "fen": 50000,
            "event_on": "2026-03-01", "fund": "union", "visitors": [told.head],
        },
        time="2026-03-04T09:00:00+08:00",
    )  # fmt: skip
    output = office.action(
        "work.file-output",
        {
            "output": unique("u"), "lead": told.person, "participants": [told.colleague], "line": "information",
            "title": "信息一则", "level": "city", "effect": "adopted",
        },
        time="2026-03-05T09:00:00+08:00",
    )  # fmt: skip
    for fields in (talk, visit, output):
        _note(told, fields, pair.accepted(fields))


def _second_thoughts(pair: Pair, office: Office, told: Story) -> None:
    """A transfer; an output filed in error and revoked; a visit corrected."""
    moved = office.action(
        "people.transfer-person", {"person": told.colleague, "to_section": "s-b", "on": "2026-04-01"},
        time="2026-04-01T09:00:00+08:00",
    )  # fmt: skip
    wrong = office.action(
        "work.file-output",
        {"output": unique("u"), "lead": told.colleague, "line": "secretarial", "title": "误", "level": "office",
         "effect": "pending"},
        time="2026-04-02T09:00:00+08:00",
    )  # fmt: skip
    for fields, outcome in zip((moved, wrong), pair.told([moved, wrong]), strict=True):
        assert outcome.receipt is not None
        _note(told, fields, outcome.receipt)
    revoke = office.action("any.revoke-entry", {"event": told.receipts[-1]["events"][0]["id"], "reason": "mistake"})
    (visit,) = told.events("welfare.home-visit-made")
    old = next(a for a in told.actions.values() if a["type"].endswith("make-home-visit.v1"))
    replacement = {"type": old["type"], "time": old["time"], "data": old["data"] | {"fen": 60000}}
    correct = office.action(
        "any.correct-entry", {"event": visit["id"], "reason": "mistake", "replacement": replacement}
    )
    for fields in (revoke, correct):
        _note(told, fields, pair.accepted(fields))


def _event_id(office: str, source: str, ident: str, index: int) -> str:
    name = json.dumps([office, source, ident, index], separators=(",", ":"), ensure_ascii=False)
    return str(uuid.uuid5(_NAMESPACE, name))


def _check(document: object, type_name: str) -> None:
    validator(type_name).validate(document)


# --- receipts ---


def test_a_receipt_is_as_the_interface_has_it(pair: Pair, story: Story) -> None:
    for receipt in story.receipts:
        fields = story.actions[receipt["id"]]
        assert receipt.keys() == {
            "shard", "number", "office", "source", "id", "type", "outcome", "final", "recorded_at", "events",
            "at_least", "code", "message", "by",
        }  # fmt: skip
        assert receipt["by"] == "publisher"
        assert receipt["shard"] == story.shard
        assert receipt["type"] == fields["type"]
        assert (receipt["final"], receipt["code"], receipt["message"]) == (True, None, None)
        assert receipt["at_least"] == f"{story.shard}:{receipt['events'][-1]['position']}"
        assert receipt["recorded_at"].endswith("Z")
        assert len(receipt["recorded_at"]) == len("2026-03-02T01:00:00.000000Z")
        assert pair.receipt(fields).json() == receipt


def test_numbers_and_positions_have_no_gap(pair: Pair, story: Story) -> None:
    numbers = [r["number"] for r in (json.loads(x.value)["data"] for x in pair.topic("receipts", story.shard))]
    assert numbers == list(range(len(numbers)))
    sequences = [int(json.loads(record.value)["sequence"]) for record in pair.topic("events", story.shard)]
    assert sequences == list(range(len(sequences)))
    positions = [event["position"] for receipt in story.receipts for event in receipt["events"]]
    assert positions == sorted(set(positions))


def test_the_receipts_topic_says_the_same_as_http(pair: Pair, story: Story) -> None:
    records = [(r, json.loads(r.value)) for r in pair.topic("receipts", story.shard)]
    ours = [(record, fields) for record, fields in records if fields["data"]["office"] == story.office]
    assert [fields["data"] for _, fields in ours] == story.receipts
    for record, fields in ours:
        _check(fields, "chengzhang.receipt.v1")
        assert record.key.decode() == fields["data"]["id"]
        assert record.value == rfc8785.dumps(fields)


# --- events ---


def test_an_action_becomes_these_events(story: Story) -> None:
    became = [[event["type"].split(".", 1)[1].removesuffix(".v1") for event in r["events"]] for r in story.receipts]
    assert became == [
        *[["people.section-defined"]] * 2,
        *[["people.person-registered"]] * 3,
        *[["people.post-assumed"]] * 3,
        ["learning.session-convened"],
        ["learning.attendance-recorded"] * 2,
        ["learning.hours-credited"],
        ["talk.talk-held"],
        ["welfare.home-visit-made"],
        ["work.output-filed"],
        ["people.person-transferred"],
        ["work.output-filed"],
        ["any.entry-revoked"],
        ["any.entry-revoked", "welfare.home-visit-made"],
    ]


def test_event_bytes_are_canonical_valid_and_the_ledgers_own(pair: Pair, story: Story) -> None:
    rows = pair.sql(
        "SELECT position, stream, version, type, body, leaf_hash FROM ledger.event WHERE shard = $1", story.shard
    )
    kept = {row["position"]: row for row in rows}
    ours = [r for r in pair.topic("events", story.shard) if json.loads(r.value)["office"] == story.office]
    assert len(ours) == sum(len(r["events"]) for r in story.receipts)
    for record in ours:
        event = json.loads(record.value)
        row = kept[int(event["sequence"])]
        assert record.value == rfc8785.dumps(event) == row["body"]
        assert len(record.value) <= 65_535
        assert row["leaf_hash"] == hashlib.sha256(b"\x00" + record.value).digest()
        assert record.key.decode() == event["partitionkey"] == row["stream"]
        assert (event["streamversion"], event["type"]) == (row["version"], row["type"])
        assert event["dataschema"] == f"urn:chengzhang:schema:{event['type']}"
        assert (record.partition, event["shard"]) == (story.shard, story.shard)
        assert len(event["sequence"]) == 19
        _check(event, event["type"])


def test_ids_versions_and_causes_follow_the_rules(pair: Pair, story: Story) -> None:
    ledger = pair.sql("SELECT ledger FROM ledger.installation")[0]["ledger"]
    events = {event["id"]: event for event in pair.events(story.office, story.shard)}
    versions: dict[str, int] = {}
    for receipt in story.receipts:
        fields = story.actions[receipt["id"]]
        for index, told in enumerate(receipt["events"]):
            event = events[told["id"]]
            assert event["id"] == _event_id(story.office, "/test", fields["id"], index)
            assert event["source"] == f"urn:chengzhang:ledger:{ledger}"
            assert event["causationid"] == fields["id"]
            assert event["actor"] == "p-clerk"
            assert event["recordedtime"] == receipt["recorded_at"]
            stream = told["stream"]
            versions[stream] = versions.get(stream, 0) + 1
            assert told["version"] == event["streamversion"] == versions[stream]
            assert (event["partitionkey"], int(event["sequence"])) == (stream, told["position"])
    assert versions[f"session/{story.session}"] == 4
    assert versions[f"person/{story.colleague}"] == 3


def test_stamps_say_where_each_sat_and_the_session_is_stamped_too(pair: Pair, story: Story) -> None:
    events = pair.events(story.office, story.shard)
    seen = [e["data"] for e in events if e["type"] == "chengzhang.learning.attendance-recorded.v1"]
    assert [d["stamps"] for d in seen] == [
        [{"person": story.person, "section": "s-a", "tier": "staff"}],
        [{"person": story.colleague, "section": "s-a", "tier": "staff"}],
    ]
    assert seen[0]["session_stamp"]["kinds"] == ["lecture"]
    (talk,) = (e["data"] for e in events if e["type"] == "chengzhang.talk.talk-held.v1")
    assert talk["pair"] == "section-head-staff"
    assert talk["note"].keys() == {"alg", "kid", "aad", "iv", "ct"}
    (moved,) = (e["data"] for e in events if e["type"] == "chengzhang.people.person-transferred.v1")
    assert moved["stamps"] == [{"person": story.colleague, "section": "s-b", "tier": "staff"}]


def test_what_the_action_carried_along_is_on_its_event(pair: Pair, story: Story) -> None:
    (convened,) = (
        e for e in pair.events(story.office, story.shard) if e["type"] == "chengzhang.learning.session-convened.v1"
    )
    assert convened["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert convened["entry"] == "machine"


def test_a_correction_is_a_revocation_and_the_new_fact(pair: Pair, story: Story) -> None:
    events = {event["id"]: event for event in pair.events(story.office, story.shard)}
    revoked, fact = (events[e["id"]] for e in story.receipts[-1]["events"])
    old = events[revoked["data"]["event"]]
    assert revoked["data"]["fact"] == {"type": old["type"], "time": old["time"], "data": old["data"]}
    assert fact["data"]["corrects"] == old["id"]
    assert (old["data"]["fen"], fact["data"]["fen"]) == (50000, 60000)
    assert fact["data"]["occasion"]["aad"] == fact["id"]


# --- reads ---


def test_the_growth_file(pair: Pair, story: Story) -> None:
    file = pair.read(f"/people/{story.person}/growth-file", at_least=story.receipts[-1]["at_least"])
    assert file.keys() == {"person", "name", "as_of", "years", "training", "entries", "next", "seen"}
    assert (file["person"], file["name"]) == (story.person, f"{PLANTED}王{story.person}")
    (year,) = file["years"]
    assert year == {
        "office": story.office, "year": 2026, "by_group": {"learning": 2, "talk": 1, "work": 1},
        "by_guide": {"people": 1}, "by_session_kind": {"lecture": 2}, "by_carrier": {"branch": 2},
        "outputs_by_effect": {"adopted": 1}, "last_entry_at": year["last_entry_at"],
    }  # fmt: skip
    assert {e["event"].split(".")[2] for e in file["entries"]} == {
        "attendance-recorded", "hours-credited", "talk-held", "output-filed",
    }  # fmt: skip
    assert file["entries"][0].keys() == {
        "office", "event_id", "event", "entry_group", "title", "guide", "occurred_at", "recorded_at", "revoked_at",
        "state", "section", "section_name", "tier", "centi_xueshi", "shard", "position",
    }  # fmt: skip
    assert file["seen"][str(story.shard)] > story.receipts[-1]["events"][-1]["position"]


def test_a_revoked_entry_stays_in_the_file_and_counts_no_more(pair: Pair, story: Story) -> None:
    file = pair.read(f"/people/{story.colleague}/growth-file")
    revoked = [entry for entry in file["entries"] if entry["revoked_at"]]
    assert [(e["title"], e["section"]) for e in revoked] == [("误", "s-b")]
    assert file["years"][0]["outputs_by_effect"] == {"adopted": 1}
    before = pair.read(f"/people/{story.colleague}/growth-file", as_of=story.receipts[-3]["recorded_at"])
    assert before["years"][0]["outputs_by_effect"] == {"adopted": 1, "pending": 1}


def test_the_appraisal(pair: Pair, story: Story) -> None:
    found = pair.read(f"/people/{story.person}/appraisals/2026")
    credit = [e["id"] for e in story.events("learning.hours-credited")]
    mine = [e["id"] for e in story.events("learning.attendance-recorded")][:1]
    output = [e["id"] for e in story.events("work.output-filed")][:1]
    assert found == {
        "office": story.office, "person": story.person, "name": f"{PLANTED}王{story.person}", "year": 2026,
        "section": "s-a", "section_name": "综合科", "tier": "staff", "stage": "not-opened", "requirement_met": False,
        "requirement_events": credit, "evidence_by_group": {"learning": 2, "work": 1},
        "evidence_by_guide": {"people": 1}, "evidence_events": found["evidence_events"], "routine_grades": [],
        "duty_reports": [], "proposed_grade": None, "grade": None, "seen": found["seen"], "admitted_events": [],
        "cycle": None, "pool": "civil-service", "establishment": "civil-service", "special_appraisals": [], "bars": [],
        "missing": [], "posting_ends_on": None, "notice_signed_on": None, "appraised_by": None, "reason": None,
        "follows": [],
    }  # fmt: skip
    assert sorted(found["evidence_events"]) == sorted(credit + mine + output)


def test_the_sql_views_have_these_columns(pair: Pair, story: Story) -> None:
    (entry,) = pair.sql(
        "SELECT * FROM office.growth_entry WHERE office = $1 AND person = $2 AND centi_xueshi IS NOT NULL",
        story.office, story.person,
    )  # fmt: skip
    assert list(entry.keys()) == [
        "office", "person", "event_id", "event", "entry_group", "title", "guide", "occurred_at", "recorded_at",
        "revoked_at", "state", "section", "tier", "centi_xueshi", "shard", "position", "section_name",
    ]  # fmt: skip
    assert (entry["centi_xueshi"], entry["section"], entry["state"]) == (150, "s-a", "verified")
    (summary,) = pair.sql(
        "SELECT * FROM office.appraisal_summary WHERE office = $1 AND person = $2 AND year = 2026",
        story.office, story.person,
    )  # fmt: skip
    assert list(summary.keys()) == [
        "office", "person", "year", "section", "tier", "stage", "requirement_met", "requirement_events",
        "evidence_by_group", "evidence_by_guide", "evidence_events", "routine_grades", "duty_reports",
        "proposed_grade", "grade", "shard", "last_position", "admitted_events", "cycle", "pool", "establishment",
        "special_appraisals", "bars", "missing", "posting_ends_on", "notice_signed_on", "appraised_by", "reason",
        "follows",        "further_events", "section_name",
    ]  # fmt: skip
    types = pair.sql(
        "SELECT table_name || '.' || column_name AS name, udt_name FROM information_schema.columns "
        "WHERE table_schema = 'office' AND table_name IN ('growth_entry', 'appraisal_summary')"
    )
    found = {row["name"]: row["udt_name"] for row in types}
    assert found["growth_entry.event_id"] == "text"
    assert found["growth_entry.position"] == found["appraisal_summary.last_position"] == "int8"
    assert found["growth_entry.occurred_at"] == found["growth_entry.revoked_at"] == "timestamptz"
    assert found["appraisal_summary.requirement_events"] == "_text"
    assert found["appraisal_summary.evidence_by_group"] == found["appraisal_summary.duty_reports"] == "jsonb"
    assert found["appraisal_summary.requirement_met"] == "bool"
    assert (found["growth_entry.centi_xueshi"], found["appraisal_summary.year"]) == ("int4", "int4")


def test_welfare_is_in_no_file_and_in_the_offices_ledger(pair: Pair, story: Story) -> None:
    rows = pair.sql("SELECT event FROM office.growth_entry WHERE office = $1", story.office)
    assert not [row for row in rows if "welfare" in row["event"]]
    (visit,) = pair.read(f"/offices/{story.office}/welfare")["items"]
    assert (visit["fen"], visit["person"], visit["days"]) == (60000, story.person, 3)
    assert "occasion" not in visit


@pytest.mark.parametrize(
    "resource",
    ["growth-entries", "growth-files", "talk-coverage", "work-outputs", "welfare", "appraisals/2026"],
)
def test_every_resource_of_an_office_is_a_page(pair: Pair, story: Story, resource: str) -> None:
    whole = pair.read(f"/offices/{story.office}/{resource}")
    assert whole.keys() == {"office", "items", "next", "seen"}
    assert whole["office"] == story.office
    assert whole["next"] is None
    assert whole["items"]
    gathered: list[Any] = []
    after: dict[str, str | int] = {}
    while True:
        page = pair.read(f"/offices/{story.office}/{resource}", **(after | {"limit": 1}))
        gathered += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert gathered == whole["items"]


def test_an_etag_spares_the_answer_until_something_happens(pair: Pair, story: Story) -> None:
    first = pair.get(f"/people/{story.person}/growth-file")
    again = pair.get(f"/people/{story.person}/growth-file", "reader", {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_an_auditor_reads_without_names(pair: Pair, story: Story) -> None:
    file = pair.read(f"/people/{story.person}/growth-file", "auditor")
    assert file["name"] is None
    assert file["entries"]
    for item in pair.read(f"/offices/{story.office}/growth-entries", "auditor")["items"]:
        assert item["name"] is None
    answer = pair.http.post("/open", json={"items": []}, headers=pair.bearer("auditor"))
    assert answer.status_code == 403


def test_open_gives_texts_and_says_what_it_cannot_open(pair: Pair, story: Story) -> None:
    (talk,) = (e["data"] for e in pair.events(story.office, story.shard) if e["type"].endswith("talk-held.v1"))
    spoilt = talk["note"] | {"ct": talk["topics"]["ct"]}
    foreign = talk["note"] | {"kid": str(uuid.uuid4())}
    items = {"items": [talk["note"], talk["topics"], spoilt, foreign]}
    answer = pair.http.post("/open", json=items, headers=pair.bearer("reader"))
    assert answer.json() == {
        "items": [
            {"text": f"{PLANTED}谈话"}, {"text": f"{PLANTED}议题\n{PLANTED}第二"}, {"error": "unreadable"},
            {"error": "unreadable"},
        ]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/people/p-1/growth-file", {"as_of": "2026-02-30"}),
        ("/people/p-1/growth-file", {"at_least": "nonsense"}),
        ("/people/p-1/growth-file", {"at_least": "99:1"}),
        ("/people/p-1/growth-file", {"after": "nonsense"}),
        ("/people/p-1/growth-file", {"limit": "0"}),
        ("/people/p_1/growth-file", {}),
        ("/people/p-1/appraisals/next", {}),
        ("/offices/o-1/growth-entries", {"after": "WyIxIl0="}),
        ("/offices/o-1/growth-entries", {"limit": "1001"}),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(pair: Pair, path: str, query: dict[str, str | int]) -> None:
    answer = pair.get(path, **query)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["errors"], body
    for error in body["errors"]:
        assert all(error["message"][lang] and error["fix"][lang] for lang in ("en", "zh"))


def test_nobody_by_that_id_is_404(pair: Pair) -> None:
    answer = pair.get("/people/p-nobody/growth-file")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
