"""Field types and base classes of every model: one place for what a day, an id or a text is.

Units are in the names: ``minutes``, ``centi_xueshi`` (1/100 study hour), ``fen`` (1/100 yuan). Integers lie within
±(2^53−1), so that every JSON reader keeps them exact; there are no floats.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Annotated, Any, ClassVar, Literal, LiteralString, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError

from schemas import declared
from schemas.declared import Entry, Named, Ref, Values, Words

LARGEST = 2**53 - 1
MOST = 2000  # items of a list
OFFICE = "office"  # the STREAM of facts about the office itself
T = TypeVar("T")
D = TypeVar("D", bound=date)
_set = object.__setattr__  # past the models' being frozen

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_KEPT = re.compile(r"[^tz]{17}[0-5]\d(\.\d{1,6})?(Z|[+-].{5})")  # of those that were read
_EARLIEST, _LATEST = 1900, 2200


@lru_cache(maxsize=8192)  # what happened together has one time
def instant(text: str) -> datetime:
    """An RFC 3339 instant with an offset as an aware datetime, to the microsecond; ValueError where it is none."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, minute, second, fraction, zone = found.groups()
    if second != "60":
        return datetime.fromisoformat(f"{day}T{minute}:{second}{(fraction or '')[:7]}{zone.upper()}")
    # A leap second, of which clocks here know nothing: it is the one that follows. Only a month in UTC ends with such.
    following = datetime.fromisoformat(f"{day}T{minute}:59{zone.upper()}") + timedelta(seconds=1)
    if following.astimezone(UTC).strftime("%d%H%M%S") != "01000000":
        raise ValueError(text)
    return following


def _is_instant(text: str) -> str:
    """The instant in the one form that is kept: with T and Z, at most microseconds, and no second 60."""
    moment = _read(instant, text, "instant", "not an RFC 3339 instant with an offset")
    return text if _KEPT.fullmatch(text) else moment.isoformat().replace("+00:00", "Z")


def _is_day(text: str) -> str:
    _read(_day, text, "day", "not a day of the calendar, YYYY-MM-DD")
    return text


def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _read(read: Callable[[str], D], text: str, code: LiteralString, said: LiteralString) -> D:
    """Read a text; of the years that there are here."""
    try:
        found = read(text)
    except ValueError:
        raise PydanticCustomError(code, said) from None
    if not _EARLIEST <= found.year <= _LATEST:
        raise PydanticCustomError("year", "the year lies outside 1900 to 2200")
    return found


def at_most(most: int) -> Callable[[Any], Any]:
    """A validator that refuses a list with too many items before it looks at any: each bad one would cost an error."""

    def check(value: Any) -> Any:  # noqa: ANN401  # what a sender sent
        if isinstance(value, list | tuple) and len(value) > most:
            context = {"field_type": "Tuple", "max_length": most, "actual_length": len(value)}
            raise PydanticKnownError("too_long", context)
        return value

    return check


ID = "[A-Za-z0-9-]{1,64}"
Id = Annotated[str, StringConstraints(pattern=f"^{ID}$")]
EventId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Instant = Annotated[str, AfterValidator(_is_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[str, AfterValidator(_is_day), WithJsonSchema({"type": "string", "format": "date"})]
Count = Annotated[int, Field(ge=1, le=LARGEST)]
Amount = Annotated[int, Field(ge=0, le=LARGEST)]
# The most that is recorded at once: far above what happens, far below where sums of it leave their columns.
MOST_CENTI_XUESHI = 500_000  # 5,000 学时 for one session: nine times what five years ask for
MOST_OUTPUTS = 1_000_000  # in one entry
MOST_FEN = 1_000_000_000  # 10 million yuan for one visit
MOST_RELATIVES = 10_000  # at one gathering
# JSON has arrays, frozen models have tuples: the one place where a list may become something else.
Many = Annotated[tuple[T, ...], Field(strict=False, max_length=MOST), BeforeValidator(at_most(MOST))]

Some = Annotated[tuple[T, ...], Field(strict=False, min_length=1, max_length=MOST), BeforeValidator(at_most(MOST))]

# --- what fields of many types are ---

Tier = Annotated[
    Literal["leadership", "section-head", "staff"],
    Words("职务层次", "tier"),
    Values.of(leadership="主任室", section_head="科室负责人", staff="科员"),
]
Line = Annotated[
    Literal["information", "policy-research", "inspection", "classified-communications", "secretarial"],
    Words("工作条线", "work line"),
    Values.of(
        information="信息",
        policy_research="调研",
        inspection="督查",
        classified_communications="机要",
        secretarial="秘书",
    ),
]
Guide = Annotated[
    Literal["people", "work", "innovation", "results", "harmony", "excellence"],
    Words("引导", "guide word"),
    Values.of(people="人", work="干", innovation="新", results="绩", harmony="和", excellence="上"),
]
LateReason = Annotated[
    Literal["forgotten", "offline", "evidence-late"],
    Words("迟报原因", "late reason"),
    Values.of(forgotten="遗忘", offline="离线", evidence_late="材料迟到"),
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Words("文件摘要", "SHA-256 of the document")]
Year = Annotated[int, Field(ge=_EARLIEST, le=_LATEST), Words("年度", "year")]
Half = Annotated[str, StringConstraints(pattern=r"^(19|20|21)[0-9]{2}(H1|H2)$"), Words("半年度", "half-year")]
Month = Annotated[str, StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"), Words("月份", "month")]
Period = Annotated[
    str,
    StringConstraints(pattern=r"^(19|20|21)[0-9]{2}(H[12]|Q[1-4]|-(0[1-9]|1[0-2]))?$"),
    Words("时段", "period: a year, half-year, quarter or month"),
]
Title = Annotated[Text, Words("标题", "title")]
FromOn = Annotated[Day, Words("自何日起", "from that day on")]
On = Annotated[Day, Words("日期", "day")]

Person = Annotated[Id, Ref("person"), Words("人员", "person")]
Stamped = Annotated[Id, Ref("person", stamped=True), Words("人员", "person")]
Section = Annotated[Id, Ref("section"), Words("科室", "section")]
Session = Annotated[Id, Ref("session"), Words("学习活动", "session")]


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

    alg: Annotated[Literal["A256GCM"], Words("算法", "algorithm"), Values({"A256GCM": Words("A256GCM", "A256GCM")})]
    kid: Annotated[Text, Words("密钥编号", "key id")]
    aad: Annotated[EventId, Words("所属事件", "event it was sealed for")]
    iv: Annotated[Text, Words("初始向量", "initialisation vector")]
    ct: Annotated[str, StringConstraints(min_length=1), Words("密文", "ciphertext")]


class Stamp(Model):
    """Where a person sat and in what role when the event was decided, at the event's own date.

    Null without a post then.
    """

    person: Annotated[Id, Words("人员", "person")]
    section: Annotated[Id, Words("科室", "section")] | None = None
    tier: Tier | None = None


class Fields(Model):
    """What an action and the event that it becomes have in common: the declarations stand here, once.

    ``WORDS``: what the fact is called. ``ONCE``: recorded once for these fields' values. ``ENTRY``: how the event
    enters growth files. ``STREAM``: the field whose thing the event belongs to, where it is neither the thing that the
    event makes nor the first that it names; ``OFFICE`` where it is about the office itself. ``SEALED``, ``OWNING`` (the
    thing that says whose they are) and ``NAMES``
    are derived.
    """

    TYPE: ClassVar[str]
    WORDS: ClassVar[Words]
    ONCE: ClassVar[tuple[str, ...]] = ()
    ENTRY: ClassVar[Entry | None] = None
    STREAM: ClassVar[str | None] = None
    SEALED: ClassVar[tuple[str, ...]] = ()
    OWNING: ClassVar[Named | None] = None
    NAMES: ClassVar[tuple[Named, ...]] = ()

    late_reason: LateReason | None = Field(default=None, description="why it comes more than 30 days after it happened")

    def __init_subclass__(cls, *, name: str | None = None, **kwargs: Any) -> None:  # noqa: ANN401  # as Python has it
        """``name``: the stored name of a type."""
        super().__init_subclass__(**kwargs)
        if name is not None:
            cls.TYPE = name

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401  # as pydantic has it
        """Derive what follows from the fields; a type (what has a stored name) must be declared whole."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.SEALED = tuple(declared.secrets(cls))
        cls.NAMES = declared.named(cls)
        cls.OWNING = declared.owning(cls)
        if "TYPE" in cls.__dict__:
            if not hasattr(cls, "WORDS"):
                raise declared.Undeclared(f"{cls.__name__} has no WORDS")
            declared.check(cls, cls.ONCE if issubclass(cls, EventData) else ())

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Sealed fields are marked in the published schema, text or sealed alike."""
        schema = handler(core)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name in cls.SEALED:
            properties[cls.model_fields[name].alias or name]["x-sealed"] = True
        return schema


class ActionData(Fields):
    """The ``data`` of one type of action."""

    def sealed_for(self) -> str | None:
        """Whose data key seals the ``SEALED`` fields: a person's id; None where what ``OWNING`` names says it."""
        if self.OWNING is not None:
            return None
        owner: str = getattr(self, next(iter(declared.secrets(type(self)).values())).of)
        return owner

    def gist(self) -> Mapping[str, str]:
        """What deciding needs of the ``SEALED`` fields, told before they are sealed. Never stored."""
        return {}

    def owning(self) -> tuple[str, str]:
        """The kind and id of what says whose the ``SEALED`` fields are, where the action itself doesn't."""
        assert self.OWNING is not None, self.TYPE
        return self.OWNING.mark.kind, str(getattr(self, self.OWNING.path[0]))


class EventData(Fields):
    """The ``data`` of one type of event.

    The action's, the recorder's stamps, and what the event corrects if it does. What the action says in plain text and
    is sealed is ``Sealed`` here. ``ACTION``: what it is recorded by, and called by unless it has words of its own.
    """

    model_config = ConfigDict(extra="ignore")  # a later recorder may have written an optional member more

    ACTION: ClassVar[type[ActionData]]
    WRITTEN: ClassVar[
        tuple[tuple[str, str], ...]
    ] = ()  # fields whose names are words of Python, and how they are written

    corrects: Annotated[EventId, Words("更正的事件", "corrected event")] | None = Field(
        default=None, description="the revoked event that this one takes the place of"
    )
    proposal: Annotated[EventId, Words("来源申报", "proposal")] | None = Field(
        default=None, description="the proposed entry that this one is of, if it is of one"
    )
    stamps: Annotated[Many[Stamp], Words("当时所在", "where they sat then")] = ()

    def __init_subclass__(cls, *, of: type[ActionData] | None = None, **kwargs: Any) -> None:  # noqa: ANN401  # the same
        """Sealed fields of the shared base are ``Sealed`` here: said before pydantic collects the fields."""
        super().__init_subclass__(**kwargs)
        if of is not None:
            cls.ACTION = of
            cls.WORDS = getattr(cls, "WORDS", of.WORDS)
        own = inspect.get_annotations(cls)
        for base in cls.__mro__[1:]:
            if issubclass(base, Fields):
                for name, mark in declared.secrets(base).items():
                    sealed: Any = Annotated[Sealed, declared.words_of(base, name), mark]
                    if declared.optional(base.model_fields[name]):
                        sealed = sealed | None
                        setattr(cls, name, None)
                    own[name] = sealed
        cls.__annotations__ = own

    def payload(self) -> dict[str, Any]:
        """The members as they are written: what is null is left out; nested models are left to the encoder."""
        members = {name: value for name, value in self.__dict__.items() if value is not None}
        for name, written in self.WRITTEN:
            if name in members:
                members[written] = members.pop(name)
        return members

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401  # as pydantic has it
        """Which fields are written otherwise is derived, too."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.WRITTEN = tuple((name, info.alias) for name, info in cls.model_fields.items() if info.alias)
