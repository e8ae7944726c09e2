"""How an evidence bundle is made: of all offices of a file, of one moment, and without a name in it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

import pytest

from schemas.trust.identity import shard_of
from services.common.settings import Settings
from services.recorder.audit.bundle import making
from services.recorder.audit.bundle.standing import Standing
from services.recorder.audit.offline import standalone as verify
from services.recorder.errors import Missing, Unsettled
from tests.support.bundles import folded, made, made_while, trusted, unzipped
from tests.support.ledger import Bench, Json, action, bench, person, section
from tests.support.patience import PATIENCE

OFFICES = ("o-1", "o-2", "o-3")
NAME = "欧阳明慧"


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Bench]:
    async with bench(settings.database_url) as found:
        yield found


def _person(office: str, **more: str) -> list[Json]:
    """Somebody with a post: whose years are appraised."""
    registered = person("p-1", office)
    registered["data"] |= {"name": NAME} | more
    post = {"person": "p-1", "post": "post-1", "tier": "staff", "section": "s-1", "from_on": "2026-01-01"}
    return [section("s-1", office), registered, action("people.assume-post", post, office)]


def _output(ident: str, office: str = OFFICES[0], **more: object) -> Json:
    data = {"output": ident, "lead": "p-1", "line": "information", "title": "简报", "level": "office"}
    return action("work.file-output", data | {"effect": "adopted"} | more, office)


async def test_where_no_move_joins_them_it_must_be_said_whose_file(ledger: Bench, settings: Settings) -> None:
    for office in OFFICES[:2]:
        await ledger.accepted(*_person(office), _output("u-1", office))
    at = await folded(settings)
    with pytest.raises(Missing, match="--office"):
        await made(settings, "p-1", 2026, at)
    files = unzipped((await made(settings, "p-1", 2026, at, office=OFFICES[1])).content)
    assert [each["office"] for each in verify.check(files, trusted(settings)).stated["offices"]] == [OFFICES[1]]
    with pytest.raises(Missing, match="o-none"):
        await made(settings, "p-1", 2026, at, office="o-none")


async def test_all_offices_of_the_file_each_with_its_shard_and_checkpoint(ledger: Bench, settings: Settings) -> None:
    shards = [shard_of(office, settings.shards) for office in OFFICES]
    assert shards[0] == shards[1] != shards[2]
    before: str | None = None
    for office in OFFICES:
        if before is not None:
            gone = {"person": "p-1", "on": "2026-03-01", "reason": "transferred", "to": office}
            await ledger.accepted(action("people.record-leaving", gone, before))
        known = _person(office) if before is None else _person(office, previous=before)
        await ledger.accepted(*known, _output("u-1", office), _output("u-2", office, guide="results"))
        before = office
    files = unzipped((await made(settings, "p-1", 2026, await folded(settings))).content)
    report = verify.check(files, trusted(settings))
    assert report.problems == []
    offices = report.stated["offices"]
    assert [(each["office"], each["shard"]) for each in offices] == list(zip(OFFICES, shards, strict=True))
    assert all(each["evidence_by_group"] == {"work": 2} for each in offices)
    assert report.sizes == {str(shards[0]): 12, str(shards[2]): 5}
    told = [json.loads(raw) for name, raw in files.items() if name.startswith("events/") and name.endswith(".json")]
    left = [e for e in told if e["type"] == "chengzhang.people.person-left.v1"]
    assert {e["office"] for e in left} == {*OFFICES[:2]}, "what says until when the posts were held"
    one, other = (f"checkpoints/{shard}" for shard in shards[1:])
    swapped = {one: files[other], other: files[one]}
    found = {(each.kind, each.where) for each in verify.check(files | swapped, trusted(settings)).problems}
    assert {("checkpoint", name) for name in swapped} < found


async def test_nobodys_name_is_in_it_and_it_holds_after_an_erasure(ledger: Bench, settings: Settings) -> None:
    await ledger.accepted(*_person("o-1"), _output("u-1"))
    content = unzipped((await made(settings, "p-1", 2026, await folded(settings))).content)
    await ledger.accepted(action("people.erase-person", {"person": "p-1", "basis": "a decision"}, "o-1"))
    later = unzipped((await made(settings, "p-1", 2026, await folded(settings))).content)
    assert verify.check(later, trusted(settings)).problems == verify.check(content, trusted(settings)).problems == []
    assert later["figures.json"] == content["figures.json"]
    assert b'"alg":"A256GCM"' in b"".join(content.values()), "the registration is here, sealed"
    for name, file in content.items():
        assert NAME.encode() not in file, name
        assert json.dumps(NAME)[1:-1].encode() not in file, name


async def test_what_is_recorded_meanwhile_is_in_it_or_there_is_none(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between checkpoint and figures the person's year changes: it begins again, until nothing does."""
    monkeypatch.setattr(making, "_AGAIN", 0.01)
    monkeypatch.setattr(making, "PATIENCE", PATIENCE)
    (first,) = (await ledger.accepted(*_person("o-1"), _output("u-1")))[3:]
    changes = [
        _output("u-2"),
        action("any.revoke-entry", {"event": first["events"][0]["id"], "reason": "mistake"}, "o-1"),
    ]
    waits: list[None] = []

    async def standing() -> Mapping[int, Standing]:
        if changes:
            await ledger.accepted(changes.pop(0))
        return await folded(settings)

    found = await made_while(settings, "p-1", 2026, standing, waiting=lambda: waits.append(None))
    assert (len(waits), found.sizes) == (2, {shard_of("o-1", settings.shards): 6})
    report = verify.check(unzipped(found.content), trusted(settings))
    assert report.problems == []
    assert report.stated["offices"][0]["evidence_by_group"] == {"work": 1}
    # and one that never comes to rest
    monkeypatch.setattr(making, "PATIENCE", 0.1)
    number = iter(range(1000))

    async def restless() -> Mapping[int, Standing]:
        await ledger.accepted(_output(f"u-more-{next(number)}"))
        return await folded(settings)

    with pytest.raises(Unsettled, match="goes on changing"):
        await made_while(settings, "p-1", 2026, restless)
