"""People, posts and party roles (人员、任职与党内职务). Their types begin with ``chengzhang.people.``."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import (
    ActionData,
    Day,
    EventData,
    EventId,
    Fields,
    FromOn,
    Id,
    Line,
    Many,
    On,
    Section,
    Stamped,
    Text,
    Tier,
    Year,
)
from schemas.declared import New, Ref, Secret, Values, Words

Branch = Annotated[Text, Words("党支部", "branch")]
Establishment = Annotated[
    Literal["civil-service", "institution"],
    Words("编制", "establishment"),
    Values.of(civil_service="公务员", institution="事业编"),
]
Manager = Annotated[
    Literal["office", "superior"], Words("管理权限", "managed by"), Values.of(office="本机关", superior="上级")
]
PartyRole = Annotated[
    Literal["secretary", "committee", "member", "none"],
    Words("党内职务", "party role"),
    Values.of(secretary="书记", committee="支委", member="党员", none="无"),
]


# --- sections ---


class Sectioning(Fields):
    """A section (科室) and the work lines that it has."""

    WORDS: ClassVar = Words("设立科室", "section defined")

    section: Annotated[Id, New("section"), Words("科室", "section")]
    name: Annotated[Text, Words("名称", "name")]
    work_lines: Annotated[Many[Line], Words("工作条线", "work lines")] = ()


class DefineSection(Sectioning, ActionData, name="chengzhang.people.define-section.v1"):
    """Define a section (科室)."""


class SectionDefined(Sectioning, EventData, name="chengzhang.people.section-defined.v1", of=DefineSection):
    """A section was defined."""


# --- persons ---


class Registration(Fields):
    """A cadre in an office. What identifies the person is sealed."""

    WORDS: ClassVar = Words("人员登记", "registration")

    person: Annotated[Id, New("person", since="joined_on", stamped=True), Words("人员", "person")]
    name: Annotated[Text, Secret("person"), Words("姓名", "name")]
    sex: Annotated[Text, Secret("person"), Words("性别", "sex")] | None = None
    born_month: Annotated[Text, Secret("person"), Words("出生年月", "month of birth")] | None = None
    political_status: Annotated[Text, Secret("person"), Words("政治面貌", "political status")] | None = None
    establishment: Establishment = "civil-service"
    branch: Branch = Field(description="the party branch (党支部) that keeps the growth file")
    joined_on: Annotated[Day, Words("到岗日期", "joined on")]
    birth_year: Annotated[Year, Words("出生年份", "year of birth")]
    probation_until: Annotated[Day, Words("试用期至", "on probation until")] | None = None
    previous: Annotated[Id, Words("原单位", "previous office")] | None = Field(
        default=None, description="the office the person comes from"
    )


class RegisterPerson(Registration, ActionData, name="chengzhang.people.register-person.v1"):
    """Register a cadre in an office; the name is sealed, so this comes over HTTP."""


class PersonRegistered(Registration, EventData, name="chengzhang.people.person-registered.v1", of=RegisterPerson):
    """A cadre was registered in an office."""


# --- posts ---


class Assumption(Fields):
    """A post (任职), main unless concurrent (兼任)."""

    WORDS: ClassVar = Words("任职", "post assumed")

    person: Stamped
    post: Annotated[Id, New("post", since="from_on", within="person"), Words("职务", "post")]
    title: Annotated[Text, Words("职务名称", "title")] | None = None
    tier: Tier
    section: Section
    concurrent: Annotated[bool, Words("兼任", "concurrent")] = False
    acting: Annotated[bool, Words("主持工作", "acting")] = Field(
        default=False, description="heads without the title (主持工作)"
    )
    duties: Annotated[Text, Words("分管或从事工作", "duties")] | None = None
    managed_by: Manager = "office"
    basis: Annotated[Many[EventId], Words("依据", "basis")] = Field(
        default=(), description="events of the appraisal that it rests on"
    )
    from_on: FromOn


class AssumePost(Assumption, ActionData, name="chengzhang.people.assume-post.v1"):
    """Assume a post (任职), main unless concurrent (兼任)."""


class PostAssumed(Assumption, EventData, name="chengzhang.people.post-assumed.v1", of=AssumePost):
    """A post was assumed; the stamp is the person's main post from that day on."""


class PostEnd(Fields):
    """The end of a post (免职): from that day on it is no longer held."""

    WORDS: ClassVar = Words("免职", "post ended")

    person: Stamped
    post: Annotated[Id, Ref("post", within="person"), Words("职务", "post")]
    on: On


class EndPost(PostEnd, ActionData, name="chengzhang.people.end-post.v1"):
    """End a post (免职): from that day on it is no longer held."""


class PostEnded(PostEnd, EventData, name="chengzhang.people.post-ended.v1", of=EndPost):
    """A post ended; the stamp is what the person holds from that day on."""


class Transfer(Fields):
    """A move of a person's main post to another section of the office (调整科室)."""

    WORDS: ClassVar = Words("调整科室", "transfer")

    person: Stamped
    to_section: Annotated[Section, Words("调入科室", "to section")]
    on: On


class TransferPerson(Transfer, ActionData, name="chengzhang.people.transfer-person.v1"):
    """Move a person's main post to another section of the office (调整科室)."""


class PersonTransferred(Transfer, EventData, name="chengzhang.people.person-transferred.v1", of=TransferPerson):
    """A person's main post moved; the stamp names the new section."""

    post: Annotated[Id, Ref("post", within="person"), Words("职务", "post")] = Field(
        description="the main post of that day, which moved"
    )


# --- party roles ---


class PartyRoleSetting(Fields):
    """What a person is in a party branch (党内职务), from a day on."""

    WORDS: ClassVar = Words("党内职务", "party role set")

    person: Stamped
    branch: Branch
    role: PartyRole
    from_on: FromOn


class SetPartyRole(PartyRoleSetting, ActionData, name="chengzhang.people.set-party-role.v1"):
    """Set a person's party role (党内职务) from a day on; ``none`` ends it."""


class PartyRoleSet(PartyRoleSetting, EventData, name="chengzhang.people.party-role-set.v1", of=SetPartyRole):
    """A person's party role was set."""
