"""Check an evidence bundle (证据包) offline: files, proofs, signatures, and that the figures follow from the events.

    python3 verify.py [FOLDER | FILE.zip] [--key 'origin+hash+base64'] [--lang zh|en] [--json]

Needs Python 3.11 and the package ``cryptography``, nothing else, and no network. Without a path it checks the folder
that it lies in: a bundle, or the proofs that `recorder audit prove` and `consistency` write, for which a key must be
given. Exit code 0: all holds; 1: something doesn't, and it says what and where; 2: wrong usage, or nothing to check.

It is one file on purpose, to be read by whoever doesn't believe it: formats are those of RFC 6962 (the tree), C2SP
signed-note, tlog-checkpoint and tlog-proof.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import stat
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.stderr.write("verify.py needs the package cryptography · 需要安装 cryptography：pip install cryptography\n")
    sys.exit(2)

FORMAT: Final = "chengzhang-evidence/1"
MANIFEST, STATEMENT, FIGURES, KEYS = "manifest.json", "manifest.signed", "figures.json", "keys.txt"
PROOF, OLDER, NEWER, HASHES = ".tlog-proof", "old.checkpoint", "new.checkpoint", "hashes.txt"
_LARGEST: Final = 256 * 1024 * 1024  # bytes in all: a person's year has less than one hundredth of it
_MOST: Final = 100_000  # files
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What a terminal would obey, and what turns a text around: written out, as \\u202e.
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
Json = dict[str, Any]
Files = Mapping[str, bytes]


# --- the figures, from the events alone ---

# China's time has been UTC+8 all year round since 1992, and at every new year since 1946.
SHANGHAI: Final = timezone(timedelta(hours=8))
GUIDES: Final = ("people", "work", "innovation", "results", "harmony", "excellence")
REVOKED: Final = "chengzhang.any.entry-revoked.v1"
DISPUTES: Final = frozenset({"chengzhang.any.entry-disputed.v1", "chengzhang.any.dispute-settled.v1"})
# Which types are evidence, in which group, on what condition: as declared, and written here when a bundle is packed.
ENTRIES: Final[Json] = {}
# What the rule packs say, in the same way: of each pack its region and year, the study that it asks for, what an open
# case bars.
PACKS: Final[Json] = {}
# What types, stages and grades are called, by language, in the same way.
CALLED: Final[Json] = {}
ASSUMED: Final = "chengzhang.people.post-assumed.v1"
ENDED: Final = "chengzhang.people.post-ended.v1"
MOVED: Final = "chengzhang.people.person-transferred.v1"
LEFT: Final = "chengzhang.people.person-left.v1"
PLACING: Final = frozenset({ASSUMED, ENDED, MOVED, LEFT})
FOLLOWED: Final = "chengzhang.any.pack-followed.v1"
RANKED: Final = "chengzhang.people.rank-set.v1"
WAIVED: Final = "chengzhang.learning.requirement-waived.v1"
CONVENED: Final = "chengzhang.learning.session-convened.v1"
RESCHEDULED: Final = "chengzhang.learning.session-rescheduled.v1"
CREDITED: Final = "chengzhang.learning.hours-credited.v1"
TAUGHT: Final = "chengzhang.learning.course-completed.v1"
REPORTED: Final = "chengzhang.work.duty-report-delivered.v1"
ASSESSED: Final = "chengzhang.work.duty-report-assessed.v1"
REGISTERED: Final = "chengzhang.people.person-registered.v1"
DISCIPLINED: Final = "chengzhang.people.discipline-recorded.v1"
CLEARED: Final = "chengzhang.people.discipline-closed.v1"
_OF: Final = "chengzhang.appraisal."
OPENED: Final = f"{_OF}cycle-opened.v1"
ADMITTED: Final = f"{_OF}evidence-admitted.v1"
POSTED: Final = f"{_OF}excellent-list-posted.v1"
ROUTINE: Final = f"{_OF}routine-grade-given.v1"
SPECIAL: Final = f"{_OF}special-appraisal-recorded.v1"
OBJECTED: Final = f"{_OF}objection-raised.v1"
SETTLED: Final = f"{_OF}objection-settled.v1"
DECIDED: Final = f"{_OF}grade-decided.v1"
# What says a grade after the decision.
CHANGES: Final = frozenset({f"{_OF}{each}.v1" for each in ("grade-supplemented", "review-decided", "appeal-decided")})
# The steps in their order: the stage to which each brings an appraisal, and what is missing without it.
STEPS: Final = {
    f"{_OF}self-review-submitted.v1": ("self-review", "self-review"),
    f"{_OF}democratic-assessment-held.v1": ("democratic-assessment", "democratic-assessment"),
    f"{_OF}findings-verified.v1": ("findings", "findings"),
    f"{_OF}grade-proposed.v1": ("proposed", "proposal"),
    DECIDED: ("decided", "decision"),
    f"{_OF}notice-given.v1": ("notified", "notice"),
    f"{_OF}notice-signed.v1": ("signed", "signature"),
    f"{_OF}file-archived.v1": ("archived", "archive"),
}
WITHOUT: Final = frozenset({"undetermined", "not-appraised"})
BARS: Final = ("incompetent", "no-grade", "not-excellent")


def figures(events: Iterable[Json], office: str, person: str, year: int) -> Json:
    """The figures of a person's year in an office, as ``office.appraisal_summary`` has them, out of events."""
    standing = _standing(events, office)
    entries = sorted((e for e in standing if _is_entry(e, person, year)), key=_by_time)
    groups = [ENTRIES[entry["type"]]["group"] for entry in entries]
    guides = [entry["data"].get("guide") for entry in entries]
    return {
        **_placed(standing, person, year),
        **_required(standing, person, year),
        "evidence_by_group": {group: groups.count(group) for group in sorted(set(groups))},
        "evidence_by_guide": {guide: guides.count(guide) for guide in GUIDES if guide in guides},
        "evidence_events": [entry["id"] for entry in entries],
        "duty_reports": _duty_reports(standing, person, year),
        **_graded_otherwise(standing, person, year),
        **_appraised(standing, person, year),
        "admitted_events": [entry["id"] for entry in entries if entry["id"] in _admitted(standing, person, year)],
    }


def _standing(events: Iterable[Json], office: str) -> list[Json]:
    """What counts of an office's, in the order of recording."""
    here = [event for event in events if event["office"] == office]
    gone = {event["data"]["event"] for event in here if event["type"] == REVOKED}
    standing = [event for event in here if event["id"] not in gone]
    doubtful = _disputed(standing)
    return sorted((e for e in standing if e["id"] not in doubtful), key=lambda e: int(e["sequence"]))


def steps(events: Iterable[Json], office: str) -> list[Json]:
    """What stage and grade rest on, by day: the cycle's steps, what was judged in the year, discipline."""
    found = [e for e in _standing(events, office) if e["type"].startswith(_OF) or e["type"] in {DISCIPLINED, CLEARED}]
    return [
        {"office": office, "on": f"{_instant(event).astimezone(SHANGHAI):%Y-%m-%d}", "event": event["type"],
         "grade": event["data"].get("grade"), "id": event["id"]}
        for event in sorted(found, key=_by_time)
    ]  # fmt: skip


def _disputed(events: Iterable[Json]) -> set[str]:
    """The events of entries that don't count: disputed, and not settled otherwise."""
    doubtful: dict[str, bool] = {}
    for event in sorted(events, key=lambda each: int(each["sequence"])):
        if event["type"] in DISPUTES:
            doubtful[event["data"]["event"]] = event["data"].get("upheld", True)
    return {event for event, doubt in doubtful.items() if doubt}


def _is_entry(event: Json, person: str, year: int) -> bool:
    data = event["data"]
    if event["type"] not in ENTRIES or not any(stamp["person"] == person for stamp in data.get("stamps", [])):
        return False
    there = all(data.get(member) in values for member, values in ENTRIES[event["type"]]["when"].items())
    return there and _instant(event).astimezone(SHANGHAI).year == year


def _required(standing: list[Json], person: str, year: int) -> Json:
    """Whether the study that the office's rule pack asks for was done, or waived, and by which events.

    Whoever has one of the ranks that five years bind is asked for five years' study, which end with the year; everybody
    else for the year's. Hours, or days of courses where these are enough.
    """
    last = f"{year:04d}-12-31"
    own = [event for event in standing if event["data"].get("person") == person]
    ranks = [(e["data"]["from_on"], n, e["data"]["rank"]) for n, e in enumerate(own) if e["type"] == RANKED]
    rank = max((each for each in ranks if each[0] <= last), default=("", 0, None))[2]
    pack = PACKS.get(_followed(standing, last), {})
    bound = rank in pack.get("five_years_ranks", ())
    years = range(year - 4, year + 1) if bound else range(year, year + 1)
    begins = _beginnings(standing)
    studied = sorted((e for e in own if _recognised(e, begins) in years), key=_by_time)
    waived = sorted((e for e in own if e["type"] == WAIVED and e["data"]["year"] == year), key=_by_time)
    xueshi, days = (sum(e["data"].get(unit, 0) for e in studied) for unit in ("centi_xueshi", "days"))
    of = "five_years" if bound else "year"
    enough = bool(pack) and (xueshi >= pack[f"{of}_centi_xueshi"] or days >= pack[f"{of}_days"])
    return {
        "requirement_met": enough or bool(pack and waived),
        "requirement_events": [event["id"] for event in (*studied, *waived)],
    }


def _followed(standing: Iterable[Json], last: str) -> str:
    """The rule pack of a day: the one followed last; where none was, the nation's of that year, or the nearest."""
    chosen = [e["data"] for e in standing if e["type"] == FOLLOWED and e["data"]["from_on"] <= last]
    if chosen:
        return str(max(reversed(chosen), key=lambda each: str(each["from_on"]))["pack"])
    national = {pack["year"]: name for name, pack in PACKS.items() if pack["region"] == "national"}
    past = [each for each in national if each <= int(last[:4])]
    return str(national[max(past) if past else min(national)]) if national else ""


def _beginnings(standing: Iterable[Json]) -> dict[str, datetime]:
    """When each session begins, as it was moved last."""
    moves = sorted((e for e in standing if e["type"] == RESCHEDULED), key=_instant)
    said = [e["data"] for e in (*(e for e in standing if e["type"] == CONVENED), *moves)]
    return {data["session"]: datetime.fromisoformat(data["starts_at"]) for data in said}


def _recognised(event: Json, begins: Mapping[str, datetime]) -> int | None:
    """The year in which it counts as recognised study: the session's, or that in which a course ended."""
    data = event["data"]
    if event["type"] == TAUGHT and data["kind"] != "online":
        return int(data["to_on"][:4])
    if event["type"] == CREDITED and data["account"] == "recognised" and data["session"] in begins:
        return begins[data["session"]].astimezone(SHANGHAI).year
    return None


def _duty_reports(standing: Iterable[Json], person: str, year: int) -> list[Json]:
    """Those on half-years of the year: on which day, and whether they were assessed."""
    own = [e for e in standing if e["type"] in {REPORTED, ASSESSED} and e["data"]["person"] == person]
    assessed = {e["data"]["half"] for e in own if e["type"] == ASSESSED}
    told = [
        {"half": (half := e["data"]["half"]), "on": e["data"].get("on") or _day(e), "assessed": half in assessed}
        for e in own
        if e["type"] == REPORTED and e["data"]["half"].startswith(f"{year:04d}")
    ]
    return sorted(told, key=lambda report: str(report["half"]))


def _cycle(standing: Iterable[Json], year: int) -> Json:
    """The cycle of the year: the one opened last."""
    opened = [event["data"] for event in standing if event["type"] == OPENED and event["data"]["year"] == year]
    return opened[-1] if opened else {"cycle": None}


def _in_cycle(standing: Iterable[Json], person: str, cycle: str | None) -> list[Json]:
    """What the cycle has about somebody, but for lists that are posted."""
    told = [event for event in standing if event["type"].startswith(_OF) and event["data"].get("person") == person]
    return [event for event in told if cycle is not None and event["data"].get("cycle") == cycle]


def _admitted(standing: list[Json], person: str, year: int) -> set[str]:
    own = _in_cycle(standing, person, _cycle(standing, year)["cycle"])
    return {entry for event in own if event["type"] == ADMITTED for entry in event["data"]["events"]}


def _graded_otherwise(standing: Iterable[Json], person: str, year: int) -> Json:
    """Routine grades and special appraisals of the year."""
    own = [e for e in standing if e["type"] in {ROUTINE, SPECIAL} and e["data"]["person"] == person]
    told = {
        type_: [
            {name: e["data"][name] for name in names} for e in own if e["type"] == type_ and e["data"]["year"] == year
        ]
        for type_, names in ((ROUTINE, ("period", "grade")), (SPECIAL, ("task", "on", "result")))
    }
    return {
        "routine_grades": sorted(told[ROUTINE], key=lambda each: str(each["period"])),
        "special_appraisals": sorted(told[SPECIAL], key=lambda each: str(each["on"])),
    }


def _appraised(standing: list[Json], person: str, year: int) -> Json:
    """How far the appraisal has come, and to which grade: what stands about somebody in the year's cycle."""
    cycle = _cycle(standing, year)
    own = _in_cycle(standing, person, cycle["cycle"])
    done = [type_ for type_ in STEPS if any(event["type"] == type_ for event in own)]
    proposal, decision = (_last(own, {type_}) for type_ in (f"{_OF}grade-proposed.v1", DECIDED))
    graded = [event for event in own if event["data"].get("grade") is not None]
    verdict = _last(graded, CHANGES) or _last(graded, {DECIDED})
    ends_on = [e["data"]["ends_on"] for e in standing if _posts(e, person, cycle["cycle"])]
    signed = _last(own, {f"{_OF}notice-signed.v1"})
    pool, establishment, heads = _counted(standing, person, year)
    said = verdict or proposal
    unneeded = {"democratic-assessment"} if not heads else set()
    if (said or {}).get("grade") in WITHOUT or (proposal or {}).get("reason") == "refused":
        unneeded = {"self-review", "democratic-assessment", "findings"}
    missing = [code for type_, (_, code) in STEPS.items() if type_ not in done and code not in unneeded]
    between = [] if ends_on or not said or said["grade"] != "excellent" or not said.get("here", True) else ["posting"]
    between += ["objection"] if _objected(own) else []
    after = next((at for at, code in enumerate(missing) if code in {"notice", "signature", "archive"}), len(missing))
    return {
        "stage": "not-opened" if cycle["cycle"] is None else STEPS[done[-1]][0] if done else "opened",
        "proposed_grade": (proposal or {}).get("grade"),
        "grade": (verdict or {}).get("grade"),
        "cycle": cycle["cycle"],
        "pool": pool,
        "establishment": establishment,
        "bars": _bars(standing, person, year, graded=verdict is not None),
        "missing": [*missing[:after], *between, *missing[after:]] if cycle["cycle"] is not None and pool else [],
        "posting_ends_on": min(ends_on, default=None),
        "notice_signed_on": (signed or {}).get("on"),
        "appraised_by": (decision or {}).get("appraised_by") or (proposal or {}).get("appraised_by"),
        "reason": (decision or proposal or {}).get("reason"),
        "follows": (verdict or {}).get("follows", []),
    }


def _last(events: Iterable[Json], types: Iterable[str]) -> Json | None:
    """What the last of these types says."""
    found: list[Json] = [event["data"] for event in events if event["type"] in types]
    return found[-1] if found else None


def _posts(event: Json, person: str, cycle: str | None) -> bool:
    data = event["data"]
    return event["type"] == POSTED and data["cycle"] == cycle and person in data["persons"]


def _objected(own: Iterable[Json]) -> bool:
    """Whether an objection isn't settled."""
    own = list(own)
    settled = {event["data"]["objection"] for event in own if event["type"] == SETTLED}
    return any(event["data"]["objection"] not in settled for event in own if event["type"] == OBJECTED)


def _counted(standing: Iterable[Json], person: str, year: int) -> tuple[str | None, str, bool]:
    """Whose seats somebody is counted with, by the posts of 31 December; the establishment; heading a section."""
    last = f"{year:04d}-12-31"
    own = [event for event in standing if event["data"].get("person") == person]
    ends = [event["data"] for event in own if event["type"] in {ENDED, LEFT}]
    posts = [event["data"] for event in own if event["type"] == ASSUMED]
    held = [post for post in posts if post["from_on"] <= last == _held_until(post, ends, year)]
    registered = _last(own, {REGISTERED}) or {}
    establishment = registered.get("establishment") or "civil-service"
    leads = any(post["tier"] == "leadership" or post["managed_by"] == "superior" for post in held)
    heads = any(post["tier"] == "section-head" for post in held)
    return "leadership" if leads else establishment if held else None, establishment, heads


def _bars(standing: list[Json], person: str, year: int, *, graded: bool) -> list[str]:
    """What discipline bars, the heavier first; an open case as long as there is no grade, from its year on."""
    own = [event for event in standing if event["type"] == DISCIPLINED and event["data"]["person"] == person]
    closed = {event["data"]["measure"] for event in standing if event["type"] == CLEARED}
    bars = {
        bar["bar"]
        for event in own
        if event["data"]["case"] == "decided"
        for bar in event["data"].get("bars", ())
        if bar["year"] == year
    }
    cycle = _cycle(standing, year)
    opened = [
        _instant(event).astimezone(SHANGHAI).year
        for event in own
        if event["data"]["case"] == "open" and event["data"]["measure"] not in closed
    ]
    if not graded and opened and (cycle["cycle"] is not None or min(opened) <= year):
        pack = PACKS.get(cycle.get("rule_pack") or _followed(standing, f"{year:04d}-12-31"), {})
        bars |= {pack.get("open_case")}
    return [bar for bar in BARS if bar in bars]


def _placed(events: Iterable[Json], person: str, year: int) -> Json:
    """Section and tier of the main post at the end of the year; where none was held then, of the last one before.

    That is, of the posts not concurrent and held as late, the latest assumed; of those of one day, the last recorded.
    """
    facts = [event for event in events if event["type"] in PLACING and event["data"]["person"] == person]
    facts.sort(key=lambda fact: int(fact["sequence"]))
    ends = [fact["data"] for fact in facts if fact["type"] in {ENDED, LEFT}]
    posts = [(place, fact["data"]) for place, fact in enumerate(facts) if fact["type"] == ASSUMED]
    seats = [
        (_held_until(post, ends, year), post["from_on"], place, post) for place, post in posts if not post["concurrent"]
    ]
    until, _, _, post = max((seat for seat in seats if seat[1] <= seat[0]), default=("", "", 0, None))
    if post is None:
        return {"section": None, "tier": None}
    moves = [
        (fact["data"]["on"], place, fact["data"]["to_section"])
        for place, fact in enumerate(facts)
        if fact["type"] == MOVED and fact["data"]["on"] <= until and fact["data"]["post"] == post["post"]
    ]
    return {"section": max(moves)[2] if moves else post["section"], "tier": post["tier"]}


def _held_until(post: Json, ends: list[Json], year: int) -> str:
    """The day up to which a post was held: whoever leaves the office holds none any more that began by then."""
    ons = [e["on"] for e in ends if (e["post"] == post["post"] if "post" in e else e["on"] >= post["from_on"])]
    days = [(date.fromisoformat(on) - timedelta(days=1)).isoformat() for on in ons]
    return min([f"{year:04d}-12-31", *days])


def _instant(event: Json) -> datetime:
    return datetime.fromisoformat(event["time"])


def _day(event: Json) -> str:
    return _instant(event).astimezone(SHANGHAI).date().isoformat()


def _by_time(event: Json) -> tuple[datetime, str]:
    return _instant(event), event["id"]


# --- signed notes and proofs ---


class Wrong(ValueError):
    """What ends the check of a file: what was found, which kind of problem it is, what was expected, in which file."""

    def __init__(
        self, found: object, kind: str = "unreadable", expected: object = None, where: str | None = None
    ) -> None:
        super().__init__(found)
        self.found, self.kind, self.expected, self.where = found, kind, expected, where


@dataclass(frozen=True)
class Key:
    """Whose signatures are believed."""

    ledger: str
    public: bytes
    text: str

    @classmethod
    def parse(cls, text: str) -> Key:
        """From ``<installation>/<shard>+hash+base64``; type 1 is Ed25519."""
        name, _, rest = text.strip().partition("+")
        ident, _, encoded = rest.partition("+")
        raw = _unbase64(encoded)
        if not name or raw[:1] != b"\x01" or len(raw) != 1 + 32:
            raise Wrong(f"{text.strip()!r}: origin+hash+base64")
        if _id(name, raw[1:]).hex() != ident:
            raise Wrong(f"{text.strip()!r}: hash")
        return cls(name.partition("/")[0], raw[1:], text.strip())


def _id(name: str, public: bytes) -> bytes:
    """A key's id: the beginning of SHA-256(name, newline, 1 for Ed25519, key)."""
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def opened(note: bytes, keys: Iterable[Key]) -> tuple[list[str], list[Key], list[str]]:
    """A signed note: its lines, those of the keys that signed it, and other signers. Line 1 says whose it is.

    It is signed under that name, by a key of the installation, whichever shard the key was printed for. Signatures of
    unknown keys are passed over, those of known ones must hold.
    """
    text, empty, signatures = note.decode().rpartition("\n\n")
    if not empty or not signatures.endswith("\n"):
        raise Wrong("no signed note")
    lines = text.split("\n")
    known = {_id(lines[0], key.public): key for key in reversed([*keys]) if key.ledger == lines[0].partition("/")[0]}
    signed, others = [], []
    for line in signatures.splitlines():
        dash, name, encoded = line.split(" ")
        raw = _unbase64(encoded)
        key = known.get(raw[:4])
        if dash != "—" or key is None or name != lines[0]:
            others.append(f"{name}+{raw[:4].hex()}")
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], f"{text}\n".encode())
        except InvalidSignature:
            raise Wrong(f"signature of {name}+{raw[:4].hex()}", "signature-broken") from None
        signed.append(key)
    return lines, signed, others


def believed(note: bytes, keys: list[Key]) -> tuple[list[str], list[Key]]:
    """The lines of a note that some of these keys signed, and which. Raises Wrong where none did."""
    lines, signed, others = opened(note, keys)
    if not signed:
        raise Wrong(others, "signature", [key.text.rpartition("+")[0] for key in keys])
    return lines, signed


def proof_in(name: str, raw: bytes) -> tuple[int, list[bytes], bytes]:
    """An event's index, hashes and signed note, as a tlog-proof file of that name has them."""
    try:
        head, _, note = raw.partition(b"\n\n")
        first, index, *hashes = head.decode().split("\n")
        if first == "c2sp.org/tlog-proof@v1" and index.startswith("index "):
            return int(index.removeprefix("index ")), [_unbase64(line) for line in hashes], note
    except ValueError:
        pass
    raise Wrong("no tlog-proof", where=name)


def leads_to(root: bytes, size: int, body: bytes, at: int, hashes: Iterable[bytes]) -> bool:
    """Whether the event at this index of a tree of that size leads to that root: RFC 9162, section 2.1.3.2."""
    last = size - 1
    if not 0 <= at < size:
        return False
    node = hashlib.sha256(b"\x00" + body).digest()
    for sibling in hashes:
        if last == 0 or len(sibling) != len(root):
            return False
        if at & 1 or at == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def grew(old: tuple[int, bytes], new: tuple[int, bytes], hashes: Iterable[bytes]) -> bool:
    """Whether a tree of that size and root began as the older one: RFC 9162, section 2.1.4.2."""
    path = [*hashes]
    if old[0] == new[0] or not old[0]:
        return not path and (old == new or old == (0, hashlib.sha256().digest()))
    at, last = old[0] - 1, new[0] - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path.pop(0) if at else old[1]
    for sibling in path:
        if last == 0 or len(sibling) != len(new[1]):
            return False
        if at & 1 or at == last:
            before, after = (hashlib.sha256(b"\x01" + sibling + node).digest() for node in (before, after))
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = hashlib.sha256(b"\x01" + after + sibling).digest()
        at, last = at >> 1, last >> 1
    return last == 0 and (before, after) == (old[1], new[1])


def _unbase64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


# --- the checks ---


@dataclass(frozen=True)
class Problem:
    """What is wrong, and in which file."""

    kind: str
    where: str
    expected: object = None
    found: object = None


@dataclass
class Report:
    """What came of it."""

    stated: Json = field(default_factory=dict)  # figures.json
    problems: list[Problem] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    trusted: list[str] = field(default_factory=list)  # keys
    signed_by: list[str] = field(default_factory=list)  # of them, those whose signatures held
    sizes: dict[str, int] = field(default_factory=dict)  # events that the checkpoint of a shard signs
    ignored: list[str] = field(default_factory=list)  # files that the manifest doesn't name
    proved: list[Json] = field(default_factory=list)  # by proofs that are in no bundle
    steps: list[Json] = field(default_factory=list)  # what stages and grades rest on

    def add(self, kind: str, where: str, expected: object = None, found: object = None) -> None:
        """Note a problem."""
        self.problems.append(Problem(kind, where, expected, found))

    def sign(self, keys: Iterable[Key]) -> None:
        """Note whose signatures held, each once."""
        self.signed_by += [key.text for key in keys if key.text not in self.signed_by]

    @contextmanager
    def reading(self, where: str) -> Iterator[None]:
        """Note it where a file turns out to be something else; what was asked of it is left out."""
        try:
            yield
        except Wrong as error:
            self.add(error.kind, error.where or where, error.expected, error.found)
        except KeyError as error:
            self.add("unreadable", where, None, f"{error}?")
        except Exception as error:  # noqa: BLE001  # whatever a file holds, it ends its own check and no more
            self.add("unreadable", where, None, type(error).__name__)


class Check:
    """All checks of one bundle, one after the other; every one goes on whatever the others found."""

    def __init__(self, files: Files, keys: list[Key]) -> None:
        """Trust these keys; without any those that the bundle brings."""
        self._files = files
        self._keys = keys
        self._signed: dict[str, tuple[int, bytes, bytes]] = {}  # of a shard: so many events, their root; the note
        self._events: dict[str, Json] = {}
        self.report = Report()

    def run(self) -> Report:
        """Check all of it."""
        named = self._manifest()
        self._stated()
        if not self._keys:
            with self.report.reading(KEYS):
                self._keys = [Key.parse(line) for line in self._files[KEYS].decode().split()]
        self.report.trusted = [key.text for key in self._keys]
        with self.report.reading(STATEMENT):
            self._statement()
        for folder, suffix, check_ in (("checkpoints/", "", self._checkpoint), ("events/", ".json", self._event)):
            for name in named:
                if name.startswith(folder) and name.endswith(suffix):
                    with self.report.reading(name):
                        check_(name)
        offices: list[Json] = self.report.stated.get("offices", [])
        for office in offices:
            with self.report.reading(FIGURES):
                self._figures(office)
        with self.report.reading("events/"):
            self._other_offices(offices)
        self.report.checked |= {"files": len(named), "events": len(self._events), "offices": len(offices)}
        return self.report

    def _manifest(self) -> list[str]:
        """The files that the manifest names and that are here, each held against its hash."""
        named: dict[str, str] = {}
        with self.report.reading(MANIFEST):
            named = dict(_json(self._files[MANIFEST])["files"])
        for name, sha256 in named.items():
            if name not in self._files:
                self.report.add("file-missing", name)
            elif (found := hashlib.sha256(self._files[name]).hexdigest()) != sha256:
                self.report.add("file-changed", name, sha256, found)
        self.report.ignored = sorted(self._files.keys() - named.keys() - {MANIFEST, STATEMENT})
        return [name for name in named if name in self._files]

    def _stated(self) -> None:
        with self.report.reading(FIGURES):
            stated = _json(self._files[FIGURES])
            if stated["format"] != FORMAT:
                self.report.add("format", FIGURES, FORMAT, stated["format"])
            if not all(isinstance(each, dict) for each in list(stated["offices"])):
                raise Wrong("offices")
            texts = [stated["ledger"], stated["person"], *(each["office"] for each in stated["offices"])]
            if not stated["offices"] or not all(isinstance(text, str) for text in texts):
                raise Wrong("ledger, person, offices")
            if not isinstance(stated["year"], int):
                raise Wrong("year")
            self.report.stated = stated

    def _statement(self) -> None:
        """The office's word for the whole of it: nothing was changed, added or taken out since the bundle was made."""
        lines = self._note(STATEMENT, "evidence")
        sha256 = hashlib.sha256(self._files[MANIFEST]).hexdigest()
        if lines[1:] != [sha256]:
            self.report.add("statement", MANIFEST, lines[1:], sha256)

    def _checkpoint(self, name: str) -> None:
        shard = name.removeprefix("checkpoints/")
        lines = self._note(name, shard)
        size, root = int(lines[1]), _unbase64(lines[2])
        self._signed[shard] = size, root, self._files[name]
        self.report.sizes[shard] = size

    def _note(self, name: str, about: str) -> list[str]:
        """The lines of a signed note about that of this installation."""
        lines, signed = believed(self._files[name], self._keys)
        origin = f"{self.report.stated.get('ledger')}/{about}"
        if lines[0] != origin:
            raise Wrong(lines[0], "checkpoint", origin)
        self.report.sign(signed)
        return lines

    def _event(self, name: str) -> None:
        """An event counts once it says itself what it is said to be, and is proved to be in the signed tree."""
        body, proof = self._files[name], name.removesuffix(".json") + ".tlog-proof"
        if proof not in self._files:
            raise Wrong(None, "proof-missing")
        event = _json(body)
        index, hashes, note = proof_in(proof, self._files[proof])
        shard = str(event["shard"])
        if shard not in self._signed:
            raise Wrong(None, "checkpoint-missing", f"checkpoints/{shard}")
        size, root, signed = self._signed[shard]
        if note != signed:
            raise Wrong(_first_lines(note), "checkpoint", _first_lines(signed), proof)
        if not leads_to(root, size, body, index, hashes):
            raise Wrong(None, "proof")
        ident = name.removeprefix("events/").removesuffix(".json")
        _is(event, ident, f"{self.report.stated.get('ledger')}/{shard}", index)
        self._events[event["id"]] = event

    def _figures(self, stated: Json) -> None:
        """Every figure anew from the proved events; those that a figure names and that are not here, by name."""
        where, person, year = stated["office"], self.report.stated["person"], self.report.stated["year"]
        for ident in dict.fromkeys([*stated["requirement_events"], *stated["evidence_events"]]):
            if f"events/{ident}.json" not in self._files:
                self.report.add("event-missing", f"events/{ident}.json", where)
        told = figures(self._events.values(), where, person, year)
        self.report.steps += steps(self._events.values(), where)
        self.report.checked["figures"] = self.report.checked.get("figures", 0) + len(told)
        for figure, ours in told.items():
            theirs, place = stated.get(figure), f"{FIGURES}: {where}: {figure}"
            if figure.endswith("_events") and isinstance(theirs, list) and set(ours) != set(theirs):  # what differs
                missing, extra = ([e for e in ours if e not in theirs], [e for e in theirs if e not in ours])
                self.report.add("figure-events", place, missing, extra)
            elif theirs != ours:
                self.report.add("figure", place, ours, theirs)

    def _other_offices(self, offices: Iterable[Json]) -> None:
        known = {office["office"] for office in offices}
        for event in self._events.values():
            if event["office"] not in known:
                self.report.add("other-office", f"events/{event['id']}.json", sorted(known), event["office"])


def check(files: Files, keys: Iterable[Key] = ()) -> Report:
    """Check a bundle's files; without keys by those that it brings itself."""
    return Check(files, list(keys)).run()


def _is(event: Json, ident: str, origin: str, index: int) -> None:
    """Hold against an event what it says itself of where it is. Raises Wrong."""
    ledger, _, shard = origin.rpartition("/")
    meant = {"id": ident, "source": f"urn:chengzhang:ledger:{ledger}", "shard": int(shard), "position": index}
    says = {name: event[name] for name in ("id", "source", "shard")} | {"position": int(event["sequence"])}
    if says != meant:
        raise Wrong(says, "event", meant)


def proofs(files: Files, keys: list[Key]) -> Report:
    """Check proofs that are in no bundle: of events, each beside its own, and that a log only grew."""
    report = Report(trusted=[key.text for key in keys])
    for name in sorted(files):
        if name.endswith(PROOF):
            with report.reading(name):
                index, hashes, note = proof_in(name, files[name])
                origin, size, root = _signed(report, note, keys)
                event = name.removesuffix(PROOF)
                body = files[f"{event}.json"]
                if not leads_to(root, size, body, index, hashes):
                    raise Wrong(None, "proof")
                _is(_json(body), event.rpartition("/")[2], origin, index)
                report.proved.append({"event": event, "index": index, "origin": origin, "size": size})
    if NEWER in files:
        with report.reading(NEWER):
            old, new = (_signed(report, files[name], keys) for name in (OLDER, NEWER))
            if old[0] != new[0]:
                raise Wrong(old[0], "checkpoint", new[0], OLDER)
            if not grew(old[1:], new[1:], map(_unbase64, files[HASHES].decode().split())):
                raise Wrong(None, "grew", where=HASHES)
            report.proved.append({"event": None, "index": old[1], "origin": new[0], "size": new[1]})
    report.checked = {"proofs": len(report.proved) + len(report.problems)}
    return report


def _signed(report: Report, note: bytes, keys: list[Key]) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that one of these keys signed. Raises Wrong."""
    (origin, size, root, *_), signed = believed(note, keys)
    report.sign(signed)
    return origin, int(size), _unbase64(root)


def _json(raw: bytes) -> Json:
    found = json.loads(raw)
    if not isinstance(found, dict):
        raise Wrong("no JSON object")
    return found


def _first_lines(note: bytes) -> str:
    """Origin, size and root, for people."""
    return " ".join(note.decode(errors="replace").split("\n")[:3])


# --- files ---


def read(path: Path) -> dict[str, bytes]:
    """All files of an unpacked bundle, of proofs, or of a zip, by name. Raises OSError, Wrong."""
    files = _folder(path) if path.is_dir() else _unzipped(path)
    if MANIFEST not in files and NEWER not in files and not any(name.endswith(PROOF) for name in files):
        raise Wrong(f"{path}: {MANIFEST}? *{PROOF}? {NEWER}?")
    return files


def _folder(path: Path) -> dict[str, bytes]:
    found: list[Path] = []
    size = 0
    for each in path.rglob("*"):
        if each.is_symlink():  # it may lead anywhere
            raise Wrong(f"{each}: a link")
        if each.is_file():
            found.append(each)
            size += each.stat().st_size
        if size > _LARGEST or len(found) > _MOST:
            raise Wrong(f"{path}: > {_LARGEST} bytes, > {_MOST} files")
    return {each.relative_to(path).as_posix(): each.read_bytes() for each in found}


def _unzipped(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as packed:
            members = [member for member in packed.infolist() if not member.is_dir()]
            _check_members(path, members)
            return {member.filename: packed.read(member) for member in members}
    except (OSError, Wrong):
        raise
    except Exception as error:  # noqa: BLE001  # whatever a broken archive makes of the library, it can't be read
        raise Wrong(f"{path}: {type(error).__name__}: {error}") from None


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Nothing is unpacked anywhere; yet what names a place outside, or is no plain file, is none of a bundle's."""
    names = [member.filename for member in members]
    if sum(member.file_size for member in members) > _LARGEST or len(names) > _MOST:
        raise Wrong(f"{path}: > {_LARGEST} bytes, > {_MOST} files")
    if len(set(names)) != len(names):
        raise Wrong(f"{path}: names given twice")
    for member, name in zip(members, names, strict=True):
        outside = name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if outside or kind not in {0, stat.S_IFREG} or member.compress_type not in _PACKED:
            raise Wrong(f"{path}: {name}")


# --- words ---

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "file-missing": "is named in manifest.json, and is not here",
        "file-changed": "was changed: its SHA-256 should be {expected}, and is {found}",
        "unreadable": "is not what it should be ({found})",
        "format": "is of another format: {found}; this program reads {expected}",
        "signature": "no trusted key signed it: trusted are {expected}, signed has {found}",
        "signature-broken": "does not hold: {found}",
        "checkpoint": "speaks of another shard, installation or state: {expected} expected, {found} found",
        "checkpoint-missing": "can't be checked: {expected} is missing or doesn't hold",
        "proof": "is not what was signed: event or proof was changed",
        "proof-missing": "has no proof",
        "grew": "does not show that the newer log began as the older one: it was changed, or is not of these two",
        "event": "is another event: {expected} expected, it says {found}",
        "event-missing": "a figure of {expected} rests on this event, and it is not here",
        "figure": "the events give {expected}, the bundle states {found}",
        "figure-events": "given by the events, not stated: {expected}; stated, not given by the events: {found}",
        "statement": "is not the one that was signed with this bundle: files were changed, added or taken out",
        "other-office": "belongs to office {found}, of which there are no figures",
        "title": "Evidence for the appraisal of {person}, {year}",
        "office": "{office}: section {section}, tier {tier} (shard {shard}, first {size} events)",
        "met": "study requirement met ({count} events)",
        "unmet": "study requirement not met ({count} events)",
        "evidence": "evidence: {group}; by guide word: {guide}", "none": "none",
        "graded": "appraisal: {stage}; grade: {grade}; by these events:",
        "checked": "{files} files, {events} events proved, {figures} figures recomputed.",
        "ignored": "Not part of the bundle: {names}",
        "included": "Event {event} is number {index} in {origin}, of {size} that were signed.",
        "grown": "{origin}: the log of {size} events begins with all of that of {index}.",
        "own-key": "Checked by {keys}. THIS KEY CAME WITH THE BUNDLE, and whoever forges the one forges the other: "
        "compare it with one that you got on another way, or give that one with --key.",
        "given-key": "Checked by {keys}, which you gave.", "no-own-key": "THE BUNDLE BRINGS NO KEY that can be read.",
        "ok": "Everything holds.", "ok-own": "Everything holds by the bundle's own key, for which this can't vouch.",
        "wrong": "{count} problems:",
        "left-out": "This can't show that all was recorded, or that nothing was revoked since: see README.txt.",
        "no-bundle": "nothing to check that could be read: {reason}", "no-key": "no verifier key: {reason}",
        "which-key": "proofs bring no key: give the one that you trust with --key",
        "path": "folder or zip; else the folder of this file", "key": "trust this verifier key and no others; again",
        "json": "for programs", "lang": "else LANG",
    },
    "zh": {
        "file-missing": "manifest.json 列有此文件，但此处没有",
        "file-changed": "已被改动：SHA-256 应为 {expected}，实为 {found}",
        "unreadable": "内容不符合格式（{found}）",
        "format": "格式不同：{found}；本程序读取 {expected}",
        "signature": "没有受信任的密钥签名：受信任的为 {expected}，签名者为 {found}",
        "signature-broken": "签名不成立：{found}",
        "checkpoint": "属于其他分片、其他系统或其他状态：应为 {expected}，实为 {found}",
        "checkpoint-missing": "无法核验：{expected} 缺失或不成立",
        "proof": "与已签名的内容不符：事件或证明被改动",
        "proof-missing": "没有证明文件",
        "grew": "不能说明新的日志以旧的日志为开端：被改动，或不属于这两个检查点",
        "event": "不是所称的事件：应为 {expected}，其内容为 {found}",
        "event-missing": "{expected} 的数字依据此事件，但包内没有",
        "figure": "由事件算得 {expected}，包内写的是 {found}",
        "figure-events": "由事件算得而包内未列：{expected}；包内列出而事件不支持：{found}",
        "statement": "与本证据包签名时的清单不同：有文件被改动、增加或取走",
        "other-office": "属于机关 {found}，而包内没有该机关的数字",
        "title": "{person} {year} 年度考核依据",
        "office": "{office}：科室 {section}，层次 {tier}（分片 {shard}，前 {size} 条事件）",
        "met": "学习要求：已达到（依据 {count} 条）", "unmet": "学习要求：未达到（依据 {count} 条）",
        "evidence": "考核依据：{group}；按引导方面：{guide}", "none": "无",
        "graded": "年度考核：{stage}；等次：{grade}；依据以下事件：",
        "checked": "核对文件 {files} 个，证明事件 {events} 条，重算数字 {figures} 项。",
        "ignored": "不属于证据包的文件：{names}",
        "included": "事件 {event} 位于 {origin} 第 {index} 条，已签名 {size} 条。",
        "grown": "{origin}：{size} 条事件的日志以 {index} 条时的日志为开端。",
        "own-key": "核验公钥为 {keys}。此公钥随包而来，能伪造包者也能伪造它："
        "请与另行取得的公钥比对，或用 --key 给出。",
        "given-key": "核验公钥为 {keys}，由您给出。", "no-own-key": "包内没有可读取的公钥。",
        "ok": "全部一致。", "ok-own": "按包内自带的公钥全部一致；该公钥本身，本程序无从担保。",
        "wrong": "发现 {count} 个问题：",
        "left-out": "本核验不能说明没有漏记，其后也未撤销：见 README.txt。",
        "no-bundle": "没有可读取的证据包或证明：{reason}", "no-key": "不是核验公钥：{reason}",
        "which-key": "证明本身不带公钥：请用 --key 给出所信任的公钥",
        "tier leadership": "主任室", "tier section-head": "科室负责人", "tier staff": "科员",
        "group learning": "学习", "group work": "工作", "group activity": "活动",
        "guide people": "人", "guide work": "干", "guide innovation": "新", "guide results": "绩",
        "guide harmony": "和", "guide excellence": "上",
        "path": "目录或 zip 文件；不写则为本文件所在目录", "key": "只信任此核验公钥，可重复给出",
        "json": "供程序读取", "lang": "不写则依 LANG",
    },
}  # fmt: skip


def message(problem: Problem, words: Mapping[str, str]) -> str:
    """A problem, for people."""
    told = words[problem.kind].format(expected=_shown(problem.expected), found=_shown(problem.found))
    return visible(f"{problem.where} · {told}")


def visible(text: str) -> str:
    """The text with nothing in it that a terminal would obey."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)


def as_json(report: Report, words: Mapping[str, str], *, given: bool) -> Json:
    """A report, for programs."""
    problems = [{**vars(problem), "message": message(problem, words)} for problem in report.problems]
    keys = {"source": "given" if given else "bundle", "trusted": report.trusted, "signed_by": report.signed_by}
    stated = {name: report.stated.get(name) for name in ("ledger", "person", "year", "offices")}
    told = {"ok": not problems, **stated, "checked": report.checked, "keys": keys, "problems": problems}
    return told | {"sizes": report.sizes, "ignored": report.ignored, "proved": report.proved, "steps": report.steps}


def as_lines(report: Report, words: Mapping[str, str], *, given: bool) -> Iterator[str]:
    """A report, for people: first of all by which key."""
    by = "given-key" if given else "own-key" if report.trusted else "no-own-key"
    yield words[by].format(keys=" ".join(report.trusted))
    if report.stated:
        yield words["title"].format(**{name: report.stated.get(name) for name in ("person", "year")})
    for office in report.stated.get("offices", []):
        with Report().reading(FIGURES):
            yield from _office(office, words, report.sizes)
            yield from _graded(office, words, report.steps)
    yield from (words["included" if each["event"] else "grown"].format(**each) for each in report.proved)
    if "files" in report.checked:
        yield words["checked"].format(**{"figures": 0, **report.checked})
    if report.ignored:
        yield words["ignored"].format(names=" ".join(report.ignored))
    if report.stated:
        yield words["left-out"]
    yield words["wrong"].format(count=len(report.problems)) if report.problems else words["ok" if given else "ok-own"]
    for problem in report.problems:
        yield f"  ✗ {message(problem, words)}"


def _office(office: Json, words: Mapping[str, str], sizes: Mapping[str, int]) -> Iterator[str]:
    size = sizes.get(str(office["shard"]), "?")
    seat = {name: office[name] or words["none"] for name in ("section", "tier")}
    seat["tier"] = _said(words, "tier", seat["tier"])
    yield words["office"].format(office=office["office"], shard=office["shard"], size=size, **seat)
    count = len(office["requirement_events"])
    yield "  " + words["met" if office["requirement_met"] else "unmet"].format(count=count)
    counts = {
        name: ", ".join(f"{_said(words, name, key)} {count}" for key, count in office[figure].items())
        for name, figure in (("group", "evidence_by_group"), ("guide", "evidence_by_guide"))
    }
    yield "  " + words["evidence"].format(**{name: told or words["none"] for name, told in counts.items()})


def _graded(office: Json, words: Mapping[str, str], told: Iterable[Json]) -> Iterator[str]:
    """Stage and grade, and each step, with its event; institutions call the same grades otherwise."""
    if office["cycle"] is None:
        return
    stage, of = _said(words, "stage", office["stage"]), office["establishment"]
    yield "  " + words["graded"].format(stage=stage, grade=_called(words, of, office["grade"]))
    for step in told:
        if step["office"] == office["office"]:
            grade = f" ({_called(words, of, step['grade'])})" if step["grade"] else ""
            yield f"    {step['on']} {_said(words, 'event', step['event'])}{grade} · {step['id']}"


def _called(words: Mapping[str, str], establishment: str, grade: str | None) -> str:
    if grade is None:
        return words["none"]
    return words.get(f"{establishment} {grade}") or _said(words, "grade", grade)


def _said(words: Mapping[str, str], kind: str, value: str) -> str:
    """A value's word in the language; English has the value itself."""
    return words.get(f"{kind} {value}", value)


# --- the command ---


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", lambda **_: None)(encoding="utf-8", errors="replace")
    speaking = argparse.ArgumentParser(add_help=False)
    speaking.add_argument("--lang", choices=list(WORDS))
    spoken = "zh" if os.environ.get("LANG", "").startswith("zh") else "en"
    spoken = speaking.parse_known_args(arguments)[0].lang or spoken
    words = {**CALLED.get(spoken, {}), **WORDS[spoken]}
    parser = argparse.ArgumentParser(prog="verify.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", nargs="?", type=Path, default=Path(__file__).resolve().parent, help=words["path"])
    parser.add_argument("--key", action="append", default=[], metavar="origin+hash+base64", help=words["key"])
    parser.add_argument("--json", action="store_true", help=words["json"])
    parser.add_argument("--lang", choices=list(WORDS), help=words["lang"])
    asked = parser.parse_args(arguments)
    try:
        keys = [Key.parse(text) for text in asked.key]
    except ValueError as wrong:
        parser.error(words["no-key"].format(reason=wrong))
    try:
        files = read(asked.path)
    except (OSError, Wrong) as wrong:
        parser.error(visible(words["no-bundle"].format(reason=wrong)))
    if MANIFEST not in files and not keys:
        parser.error(words["which-key"])
    report = check(files, keys) if MANIFEST in files else proofs(files, keys)
    if asked.json:
        sys.stdout.write(json.dumps(as_json(report, words, given=bool(keys)), default=repr) + "\n")
    else:
        sys.stdout.writelines(f"{visible(line)}\n" for line in as_lines(report, words, given=bool(keys)))
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
