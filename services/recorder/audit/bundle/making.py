"""A bundle is made: a checkpoint of now, read models that have come that far, figures and events of one moment.

If the person's year changes meanwhile it is begun again. What is handed out was checked by the bundle's own verify.py:
figures that the projector summed up and those that the events give are the same, or there is no bundle.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from services.recorder.audit.bundle import gathering, packing
from services.recorder.audit.bundle.gathering import Gathered, Whose
from services.recorder.audit.bundle.standing import Standing
from services.recorder.audit.offline import program, standalone
from services.recorder.audit.proving.log import AuditLog
from services.recorder.audit.proving.proofs import Inclusion, included
from services.recorder.errors import Contradiction, Missing, Unsettled
from services.recorder.trust.checkpoint import verified
from services.recorder.trust.keys import Keys
from services.recorder.trust.signing import Kept

PATIENCE: Final = 10.0  # seconds that read models may lag behind, or the person's year go on changing
_AGAIN: Final = 0.3
for _name, _value in program.declared().items():  # as the program in the bundle has them
    getattr(standalone, _name).update(_value)
Json = dict[str, Any]
Signed = Mapping[int, Kept]


class Bundle(NamedTuple):
    """The zip; and for people: the figures, and how many events the checkpoints cover."""

    content: bytes
    figures: list[Json]
    sizes: dict[int, int]
    events: int


@dataclass(frozen=True, slots=True)
class Making:
    """One bundle, of a person and year. ``standing`` says how far the read models are."""

    log: AuditLog
    keys: Callable[[], Keys]
    standing: Callable[[], Awaitable[Mapping[int, Standing]]]

    async def make(
        self, whose: Whose, sources: Sequence[Path] = (), waiting: Callable[[], None] = lambda: None
    ) -> Bundle:
        """Make it. ``sources``: folders of archives that hold what left; ``waiting`` is called where it waits.

        Raises Missing, NotArchived, Unsettled, Contradiction, Misconfigured, Unavailable.
        """
        person, year = whose.person, whose.year
        signed, found = await self._settled(whose, waiting)
        if not found.figures:
            raise Missing(
                f"{person} has no appraisal of {year}: no post held in that year is recorded. "
                "`office appraisal YEAR` lists those who have one.",
                f"{person} 没有 {year} 年度考核：该年没有任职记录。`office appraisal 年度` 可列出有考核的人员。",
            )
        async with self.log.connection() as connection:
            events = await gathering.read(connection, found.events, sources)
            proved: list[Inclusion] = []
            for shard, kept in signed.items():
                if here := [event for event in events if event.shard == shard]:
                    proved += await included(connection, here, kept)
        return self._packed(person, year, found, {shard: signed[shard] for shard in found.touched}, proved)

    async def _settled(self, whose: Whose, waiting: Callable[[], None]) -> tuple[Signed, Gathered]:
        """A checkpoint of each shard, and what the person's year was then."""
        until = time.monotonic() + PATIENCE
        while True:
            signed = await self._signed(whose)
            behind = await self._behind(signed)
            async with self.log.connection() as connection:
                found = await gathering.gathered(connection, whose)
            wrong = behind or _newer(signed, found)
            if wrong is None:
                return signed, found
            if time.monotonic() > until:
                raise wrong
            waiting()
            await asyncio.sleep(_AGAIN)

    async def _signed(self, whose: Whose) -> dict[int, Kept]:
        async with self.log.connection() as connection:
            rows = await gathering.persons(connection, whose)
        if not rows:
            person = whose.person
            if whose.office is None:
                raise Missing(f"no office knows a person {person}", f"没有任何机关登记过人员 {person}")
            raise Missing(f"{whose.office} knows no person {person}", f"{whose.office} 没有登记过人员 {person}")
        return {shard: await self.log.sign(shard) for shard in sorted({row["shard"] for row in rows})}

    async def _behind(self, signed: Signed) -> Unsettled | None:
        """Why the read models can't be asked yet."""
        standing = await self.standing()
        for shard, kept in signed.items():
            at = standing.get(shard, Standing(0, None))
            if at.next < kept.size:
                why = "" if at.error is None else f" ({at.error})"
                return Unsettled(
                    f"the read models stand at {at.next} of {kept.size} events in shard {shard}{why}. "
                    "`projector status` says more; run this again once they have caught up.",
                    f"读模型在分片 {shard} 处于第 {at.next} 条，共 {kept.size} 条{why}。"
                    "详见 `projector status`；待其跟上后再执行一次。",
                )
        return None

    def _packed(self, person: str, year: int, found: Gathered, signed: Signed, proved: list[Inclusion]) -> Bundle:
        keys = self.keys()
        ledger = verified(next(iter(signed.values())).note, keys.verifiers).origin.rpartition("/")[0]
        told = {"ledger": ledger, "person": person, "year": year, "offices": found.figures}
        files = packing.files(told, list(signed.values()), proved, keys)
        report = standalone.check(files)
        if report.problems:
            en, zh = (standalone.message(report.problems[0], standalone.WORDS[lang]) for lang in ("en", "zh"))
            raise Contradiction(
                f"the bundle would not hold: {en}. Run this again; if it stays, `recorder audit verify` says where.",
                f"证据包将不成立：{zh}。请再执行一次；如仍如此，请运行 `recorder audit verify` 查明。",
            )
        sizes = {shard: kept.size for shard, kept in signed.items()}
        return Bundle(packing.zipped(files), found.figures, sizes, len(proved))


def _newer(signed: Signed, found: Gathered) -> Unsettled | None:
    """Whether something came after the checkpoint."""
    for shard, position in found.touched.items():
        if position >= signed[shard].size:
            return Unsettled(
                f"what is recorded of this person goes on changing (now at {shard}:{position}). Run this again.",
                f"该人员的记录仍在变动（现至 {shard}:{position}）。请再执行一次。",
            )
    return None
