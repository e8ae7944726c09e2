"""``POST /open``: the one way from sealed to plain, for readers, logged."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Annotated, Final, Protocol

import orjson
import structlog
from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from schemas.base import Sealed, at_most
from services.common.http.bearer import forbidden
from services.common.http.problems import invalid
from services.common.tokens.grants import Grant
from services.recorder.intake.explain import explain
from services.recorder.intake.over_http.answers import translated
from services.recorder.intake.over_http.requests import body, made_of
from services.recorder.vault.vault import Failed, Failure, May, Owner

MOST: Final = 1000
LARGEST_OPEN: Final = 1024 * 1024  # bytes of a body
_MOST_MARKS: Final = 20 * MOST  # an item has eleven
_log = structlog.get_logger(__name__)


class Opening(Protocol):
    """The vault, as far as opening goes."""

    async def open(self, items: Sequence[Sealed], *, may: May | None = None) -> list[str | Failed]:
        """Texts or failures, in order."""


class Seating(Protocol):
    """Who sits where, as far as opening goes."""

    async def sitting(self, owners: Collection[Owner], section: str) -> Collection[Owner]:
        """Those of these who sit in that section of their office."""


class OpenRequest(BaseModel):
    """Sealed fields, as events and read models hold them."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[Sealed], Field(max_length=MOST), BeforeValidator(at_most(MOST))]


class Opened(BaseModel):
    """Either ``text`` or ``error``."""

    text: str | None = None
    error: Failure | None = None


class OpenResponse(BaseModel):
    """In the order of the request."""

    items: list[Opened]


async def open_items(request: Request, grant: Grant, vault: Opening, seats: Seating) -> bytes:
    """Open what the reader may see; each item that can't be opened says why. Raises Problem."""
    if not grant.names:
        raise forbidden(grant, "Only readers may open sealed fields.", path="/open")
    items = await made_of(await body(request, LARGEST_OPEN), _MOST_MARKS, _items)
    with translated():
        texts = await vault.open(items, may=_reach(grant, seats) if grant.narrowed else None)
    opened = sum(isinstance(text, str) for text in texts)
    _log.info("opened", grant=grant.name, asked=len(items), opened=opened, keys=len({item.kid for item in items}))
    told = [{"text": text} if isinstance(text, str) else {"error": text.why} for text in texts]
    return orjson.dumps({"items": told})


def _reach(grant: Grant, seats: Seating) -> May:
    """Whose texts a narrowed reader opens: of the own person, in the own offices, of who sits in the own section."""

    async def may(owners: Collection[Owner]) -> Collection[Owner]:
        near = [each for each in owners if grant.in_office(each.office) and grant.person in {None, each.person}]
        return near if grant.section is None else await seats.sitting(near, grant.section)

    return may


def _items(raw: bytes) -> list[Sealed]:
    try:
        return OpenRequest.model_validate_json(raw).items
    except ValidationError as error:
        parsed: object = None
        with suppress(orjson.JSONDecodeError):
            parsed = orjson.loads(raw)
        raise invalid(explain(error, parsed, model=OpenRequest)) from None
