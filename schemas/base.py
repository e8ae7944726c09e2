"""Field types and base classes of every model: one place for what a day, an id or a text is.

Units are in the names: ``minutes``, ``half_xueshi`` (half study hours), ``fen`` (1/100 yuan). Integers lie within
±(2^53−1), so that every JSON reader keeps them exact; there are no floats.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

LARGEST = 2**53 - 1
MOST = 2000  # items of a list
T = TypeVar("T")
_set = object.__setattr__  # past the models' being frozen

_READ = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)  # offsets as once taken
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EARLIEST, _LATEST = 1900, 2200


@lru_cache(maxsize=8192)  # what happened together has one time
def instant(text: str) -> datetime:
    """An RFC 3339 instant with an offset as an aware datetime; ValueError where it is none."""
    if not _READ.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _is_instant(text: str) -> str:
    try:
        moment = instant(text) if _INSTANT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise PydanticCustomError("instant", "not an RFC 3339 instant with an offset")
    return _in_range(text, moment.year)


def _is_day(text: str) -> str:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise PydanticCustomError("day", "not a day of the calendar, YYYY-MM-DD")
    return _in_range(text, day.year)


def _in_range(text: str, year: int) -> str:
    if not _EARLIEST <= year <= _LATEST:
        raise PydanticCustomError("year", "the year lies outside 1900 to 2200")
    return text


def at_most(most: int) -> Callable[[Any], Any]:
    """A validator that refuses a list with too many items before it looks at any: each bad one would cost an error."""

    def check(value: Any) -> Any:  # noqa: ANN401  # what a sender sent
        if isinstance(value, list | tuple) and len(value) > most:
            context = {"field_type": "Tuple", "max_length": most, "actual_length": len(value)}
            raise PydanticKnownError("too_long", context)
        return value

    return check


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
EventId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Instant = Annotated[str, AfterValidator(_is_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[str, AfterValidator(_is_day), WithJsonSchema({"type": "string", "format": "date"})]
Count = Annotated[int, Field(ge=1, le=LARGEST)]
Amount = Annotated[int, Field(ge=0, le=LARGEST)]
# The most that an action may say: far above what happens, far below where sums of it leave their columns. Events keep
# the wider range, for what was recorded before there were these bounds. (An attendance has its session's minutes.)
MostHalfXueshi = Field(le=10_000)  # 5,000 学时 for one session: nine times what five years ask for
MostOutputs = Field(le=1_000_000)  # in one entry
MostFen = Field(le=1_000_000_000)  # 10 million yuan for one visit
# JSON has arrays, frozen models have tuples: the one place where a list may become something else.
Many = Annotated[tuple[T, ...], Field(strict=False, max_length=MOST), BeforeValidator(at_most(MOST))]

Tier = Literal["leadership", "section-head", "staff"]
Line = Literal["information", "policy-research", "inspection", "classified-communications", "secretarial"]
Guide = Literal["people", "work", "innovation", "results", "harmony", "excellence"]
LateReason = Literal["forgotten", "offline", "evidence-late"]


class Model(BaseModel):
    """Frozen, closed, strict: a field that is not in the schema or not of its type is an error, never a guess."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    @classmethod
    def trusted(cls, **members: Any) -> Self:  # noqa: ANN401  # every member, of its own type
        """An instance of members that are known to be valid and complete, unchecked.

        Ten times as fast as checking them.

        For what the recorder makes of checked parts by the thousand; a test checks every event so made against its
        model.
        """
        made = cls.__new__(cls)
        _set(made, "__dict__", members)
        _set(made, "__pydantic_fields_set__", _all_fields(cls))
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made


@cache
def _all_fields(model: type[BaseModel]) -> set[str]:
    """The names of a model's fields: one set for all its instances, since copies copy it."""
    return set(model.model_fields)


class Sealed(Model):
    """A field whose text only the recorder can open: A256GCM under one person's data key.

    ``aad`` is the id of the event that it was sealed for; ``iv`` (12 bytes) and ``ct`` (text and 16-byte tag) are
    base64url without padding.
    """

    alg: Literal["A256GCM"]
    kid: Text
    aad: EventId
    iv: Text
    ct: Annotated[str, StringConstraints(min_length=1)]


class Stamp(Model):
    """Where a person sat and in what role when the event was decided, at the event's own date.

    Null without a post then.
    """

    person: Id
    section: Id | None = None
    tier: Tier | None = None


class ActionData(Model):
    """The ``data`` of one type of action."""

    TYPE: ClassVar[str]
    SEALED: ClassVar[tuple[str, ...]] = ()

    late_reason: LateReason | None = Field(default=None, description="why it comes more than 30 days after it happened")

    def owner(self) -> str:
        """Whose data key seals the ``SEALED`` fields: a person's id."""
        raise NotImplementedError(self.TYPE)


class EventData(Model):
    """The ``data`` of one type of event.

    The action's, the recorder's stamps, and what the event corrects if it does.
    """

    model_config = ConfigDict(extra="ignore")  # a later recorder may have written an optional member more

    TYPE: ClassVar[str]

    late_reason: LateReason | None = None
    corrects: EventId | None = Field(default=None, description="the revoked event that this one takes the place of")
    stamps: Many[Stamp] = ()

    def payload(self) -> dict[str, Any]:
        """The members as they are written: what is null is left out; nested models are left to the encoder."""
        return {name: value for name, value in self.__dict__.items() if value is not None}
