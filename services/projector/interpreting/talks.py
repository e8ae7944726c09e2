"""The rule packs' figures on talks as rows of SQL, so that the database alone can say which are owed."""

from collections.abc import Iterator

from schemas.packs import Pack, packs
from services.projector.relations import filled, quoted


def talks_owed() -> str:
    """The statement that creates the function which says how often the pairs of an office talk, by its pack."""
    return filled("talks", figures=", ".join(row for pack in packs().values() for row in _rows(pack)))


def _rows(pack: Pack) -> Iterator[str]:
    for duty in pack.duties.talks.value:
        named = (
            quoted(pack.pack),
            quoted(pack.region),
            str(pack.year),
            quoted(duty.pair),
            str(duty.talks),
            quoted(duty.every),
        )
        yield f"({', '.join(named)})"
