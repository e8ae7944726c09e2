"""People, posts and party roles (人员、任职与党内职务). Their types begin with ``chengzhang.people.``."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    OFFICE,
    ActionData,
    Day,
    EventData,
    EventId,
    Fields,
    FromOn,
    Id,
    Line,
    LongText,
    Many,
    On,
    Section,
    Stamped,
    Text,
    Tier,
    Year,
)
from schemas.declared import New, Ref, Secret, Values, Words

Branch = Annotated[Text, Words("党支部", "branch")]  # a label; define-branch says what it is called
Establishment = Annotated[
    Literal["civil-service", "institution"],
    Words("编制", "establishment"),
    Values.of(civil_service="公务员", institution="事业编"),
]
Manager = Annotated[
    Literal["office", "superior"], Words("管理权限", "managed by"), Values.of(office="本机关", superior="上级")
]
SecondmentKind = Annotated[
    Literal["borrowed", "posted", "aid"],
    Words("借出类别", "kind of secondment"),
    Values.of(borrowed="借调", posted="挂职", aid="援派"),
]
Direction = Annotated[Literal["out", "in"], Words("方向", "direction"), Values.of(out="派出", in_="调入")]
Coming = Annotated[
    Literal["probation", "bar", "posting", "secondment", "review"],
    Words("事项", "what comes up"),
    Values.of(
        probation="试用期满", bar="处分影响期满", posting="公示期满", secondment="借调挂职期满", review="复核期满"
    ),
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


# --- the office and its branches ---


class BranchDefinition(Fields):
    """What a party branch (党支部) is called."""

    WORDS: ClassVar = Words("设立党支部", "branch defined")

    branch: Annotated[Id, New("branch"), Words("党支部", "branch")]
    name: Annotated[Text, Words("名称", "name")]


class DefineBranch(BranchDefinition, ActionData, name="chengzhang.people.define-branch.v1"):
    """Say what a party branch (党支部) is called that people and talks name by its id."""


class BranchDefined(BranchDefinition, EventData, name="chengzhang.people.branch-defined.v1", of=DefineBranch):
    """A party branch was given its name."""


class OfficeNaming(Fields):
    """What the office is called, from then on."""

    WORDS: ClassVar = Words("机关名称", "office named")
    STREAM: ClassVar = OFFICE

    name: Annotated[Text, Words("名称", "name")]


class NameOffice(OfficeNaming, ActionData, name="chengzhang.people.name-office.v1"):
    """Say what the office is called; the latest name counts."""


class OfficeNamed(OfficeNaming, EventData, name="chengzhang.people.office-named.v1", of=NameOffice):
    """The office was given its name."""


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
        default=None,
        description="the office the person comes from; files join if that one says so, too",
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


class RankSetting(Fields):
    """A person's rank (职级), from a day on."""

    WORDS: ClassVar = Words("职级", "rank set")

    person: Stamped
    rank: Annotated[Text, Words("职级", "rank")]
    from_on: FromOn


class SetRank(RankSetting, ActionData, name="chengzhang.people.set-rank.v1"):
    """Set a person's rank (职级) from a day on."""


class RankSet(RankSetting, EventData, name="chengzhang.people.rank-set.v1", of=SetRank):
    """A person's rank was set."""


# --- leaving ---


class Leaving(Fields):
    """A person leaves the office (离开机关): posts and party roles end on that day."""

    WORDS: ClassVar = Words("离开机关", "leaving")

    person: Stamped
    on: On
    reason: Annotated[
        Literal["retired", "transferred", "resigned", "dismissed", "deceased"],
        Words("原因", "reason"),
        Values.of(retired="退休", transferred="调出", resigned="辞职", dismissed="辞退或开除", deceased="去世"),
    ]
    to: Annotated[Id, Words("调往机关", "to office")] | None = Field(
        default=None, description="the office to which the person was transferred; files join where it names this one"
    )


class RecordLeaving(Leaving, ActionData, name="chengzhang.people.record-leaving.v1"):
    """Record that a person leaves the office (离开机关); ``to`` goes with a transfer only."""

    @model_validator(mode="after")
    def _to_where(self) -> Self:
        if self.to is not None and self.reason != "transferred":
            raise PydanticCustomError("to_extra", "to goes with the reason transferred only")
        return self


class PersonLeft(Leaving, EventData, name="chengzhang.people.person-left.v1", of=RecordLeaving):
    """A person left the office; the stamp is where the person sat at the time."""


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


# --- away: secondments and long leaves ---


class SecondmentStart(Fields):
    """A person works elsewhere (借调, 挂职, 援派), or somebody from elsewhere here, from a day on."""

    WORDS: ClassVar = Words("借调挂职", "secondment started")

    secondment: Annotated[Id, New("secondment", since="from_on"), Words("借调挂职", "secondment")]
    person: Stamped
    kind: SecondmentKind
    direction: Direction
    unit: Annotated[Text, Words("单位", "unit")] = Field(description="where to, or where from")
    from_on: FromOn


class StartSecondment(SecondmentStart, ActionData, name="chengzhang.people.start-secondment.v1"):
    """Record that a person works elsewhere from a day on, or here from elsewhere."""


class SecondmentStarted(SecondmentStart, EventData, name="chengzhang.people.secondment-started.v1", of=StartSecondment):
    """A secondment started."""


class SecondmentEnd(Fields):
    """The end of a secondment: from that day on the person is back; a day to come is when that is due."""

    WORDS: ClassVar = Words("借调挂职结束", "secondment ended")

    secondment: Annotated[Id, Ref("secondment"), Words("借调挂职", "secondment")]
    on: On


class EndSecondment(SecondmentEnd, ActionData, name="chengzhang.people.end-secondment.v1"):
    """End a secondment: from that day on the person is back."""


class SecondmentEnded(SecondmentEnd, EventData, name="chengzhang.people.secondment-ended.v1", of=EndSecondment):
    """A secondment ended; the stamp is where the person sits from that day on."""


class LongLeaveStart(Fields):
    """A long leave (长期休假), from a day on; why is sealed."""

    WORDS: ClassVar = Words("长期休假", "long leave started")

    leave: Annotated[Id, New("leave", since="from_on"), Words("长期休假", "long leave")]
    person: Stamped
    reason: Annotated[LongText, Secret("person"), Words("事由", "reason")]
    from_on: FromOn


class StartLongLeave(LongLeaveStart, ActionData, name="chengzhang.people.start-long-leave.v1"):
    """Record that a person is away for long, from a day on; why is sealed."""


class LongLeaveStarted(LongLeaveStart, EventData, name="chengzhang.people.long-leave-started.v1", of=StartLongLeave):
    """A long leave started."""


class LongLeaveEnd(Fields):
    """The end of a long leave: from that day on the person is back."""

    WORDS: ClassVar = Words("长期休假结束", "long leave ended")

    leave: Annotated[Id, Ref("leave"), Words("长期休假", "long leave")]
    on: On


class EndLongLeave(LongLeaveEnd, ActionData, name="chengzhang.people.end-long-leave.v1"):
    """End a long leave: from that day on the person is back."""


class LongLeaveEnded(LongLeaveEnd, EventData, name="chengzhang.people.long-leave-ended.v1", of=EndLongLeave):
    """A long leave ended; the stamp is where the person sits from that day on."""


# --- growth files ---


class FileOpening(Fields):
    """A branch opens a person's growth file (建档)."""

    WORDS: ClassVar = Words("建立成长档案", "growth file opened")

    person: Stamped
    branch: Branch


class OpenFile(FileOpening, ActionData, name="chengzhang.people.open-file.v1"):
    """Open a person's growth file (建档): the branch that keeps it."""


class FileOpened(FileOpening, EventData, name="chengzhang.people.file-opened.v1", of=OpenFile):
    """A growth file was opened."""
