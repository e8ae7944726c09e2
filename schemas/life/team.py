"""Teams and sharing (团队建设、知识共享、结对帮带). Their types begin with ``chengzhang.team.``."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    ActionData,
    EventData,
    Fields,
    FromOn,
    Guide,
    Id,
    Many,
    On,
    Period,
    Person,
    Some,
    Stamped,
    Text,
    Title,
)
from schemas.declared import Entry, New, Ref, Values, Words

Team = Annotated[Id, Ref("team"), Words("团队", "team")]
Topic = Annotated[Text, Words("主题", "topic")]
TeamKind = Annotated[
    Literal["youth-study", "model-post", "volunteer", "chess", "football", "badminton", "other"],
    Words("团队类别", "kind of team"),
    Values.of(
        youth_study="青年学习小组", model_post="文明示范岗", volunteer="志愿者（义工）",
        chess="围棋", football="足球", badminton="羽毛球", other="其他",
    ),
]  # fmt: skip


# --- teams ---


class Forming(Fields):
    """A team (团队), the office's own or the district's that its people belong to."""

    WORDS: ClassVar = Words("组建团队", "team formed")

    team: Annotated[Id, New("team", since="from_on"), Words("团队", "team")]
    kind: TeamKind
    name: Annotated[Text, Words("名称", "name")]
    owner: Annotated[Literal["office", "district"], Words("归属", "owner"), Values.of(office="本机关", district="区")]
    from_on: FromOn


class FormTeam(Forming, ActionData, name="chengzhang.team.form-team.v1"):
    """Form a team (团队)."""


class TeamFormed(Forming, EventData, name="chengzhang.team.team-formed.v1", of=FormTeam):
    """A team was formed."""


class Dissolving(Fields):
    """From that day on there is no such team any more."""

    WORDS: ClassVar = Words("解散团队", "team dissolved")

    team: Team
    on: On | None = Field(default=None, description="the first day without it; that of `time` if left out")


class DissolveTeam(Dissolving, ActionData, name="chengzhang.team.dissolve-team.v1"):
    """Dissolve a team."""


class TeamDissolved(Dissolving, EventData, name="chengzhang.team.team-dissolved.v1", of=DissolveTeam):
    """A team was dissolved."""


class Joining(Fields):
    """From that day on the person belongs to the team."""

    WORDS: ClassVar = Words("加入团队", "team joined")

    team: Team
    person: Stamped
    on: On


class JoinTeam(Joining, ActionData, name="chengzhang.team.join-team.v1"):
    """Join a team."""


class TeamJoined(Joining, EventData, name="chengzhang.team.team-joined.v1", of=JoinTeam):
    """A person joined a team."""


class Leaving(Fields):
    """From that day on the person doesn't belong to the team any more."""

    WORDS: ClassVar = Words("退出团队", "team left")

    team: Team
    person: Stamped
    on: On


class LeaveTeam(Leaving, ActionData, name="chengzhang.team.leave-team.v1"):
    """Leave a team."""


class TeamLeft(Leaving, EventData, name="chengzhang.team.team-left.v1", of=LeaveTeam):
    """A person left a team."""


class TeamActivity(Fields):
    """What a team did together."""

    WORDS: ClassVar = Words("团队活动", "team activity")
    ENTRY: ClassVar = Entry("activity", title="title")

    team: Team
    activity: Annotated[Id, New("activity"), Words("团队活动", "team activity")]
    title: Title
    on: On
    persons: Annotated[Some[Stamped], Words("参加人", "persons")]
    hours: Annotated[int, Field(ge=1, le=1000), Words("小时", "hours")] | None = None
    guide: Guide | None = None


class HoldTeamActivity(TeamActivity, ActionData, name="chengzhang.team.hold-team-activity.v1"):
    """Record what a team did together."""


class TeamActivityHeld(TeamActivity, EventData, name="chengzhang.team.team-activity-held.v1", of=HoldTeamActivity):
    """A team did something together."""


# --- what is passed on ---


class Sharing(Fields):
    """What one has learned, passed on to others (知识共享、倍增效应)."""

    WORDS: ClassVar = Words("知识分享", "knowledge shared")
    ENTRY: ClassVar = Entry("activity", title="topic")

    sharing: Annotated[Id, New("sharing"), Words("知识分享", "sharing")]
    person: Stamped
    team: Team | None = None
    topic: Topic
    learned_from: Annotated[Id, Ref("session", other="course"), Words("学自", "learned from")] | None = Field(
        default=None, description="a session or a course"
    )
    reached: Annotated[Many[Person], Words("受益人", "reached")] = ()
    guide: Guide | None = None


class ShareKnowledge(Sharing, ActionData, name="chengzhang.team.share-knowledge.v1"):
    """Pass on to others what one has learned."""


class KnowledgeShared(Sharing, EventData, name="chengzhang.team.knowledge-shared.v1", of=ShareKnowledge):
    """Knowledge was shared."""


class Pairing(Fields):
    """Somebody helps somebody on (结对帮带)."""

    WORDS: ClassVar = Words("结对帮带", "paired up")
    ENTRY: ClassVar = Entry("activity", title="for")

    pairing: Annotated[Id, New("pairing", since="from_on"), Words("结对帮带", "pairing")]
    mentor: Annotated[Stamped, Words("导师", "mentor")]
    learner: Annotated[Person, Words("学员", "learner")]
    for_: Annotated[Text, Words("内容", "for")] = Field(alias="for", description="what the learner is to learn")
    from_on: FromOn
    guide: Guide | None = None

    @model_validator(mode="after")
    def _of_two(self) -> Self:
        if self.mentor == self.learner:
            raise PydanticCustomError("own_mentor", "mentor and learner are two persons")
        return self


class PairUp(Pairing, ActionData, name="chengzhang.team.pair-up.v1"):
    """Pair somebody up with a mentor (结对帮带)."""


class PairedUp(Pairing, EventData, name="chengzhang.team.paired-up.v1", of=PairUp):
    """Two paired up."""


class PairingEnd(Fields):
    """From that day on they are no pair any more."""

    WORDS: ClassVar = Words("结对结束", "pairing ended")

    pairing: Annotated[Id, Ref("pairing"), Words("结对帮带", "pairing")]
    on: On


class EndPairing(PairingEnd, ActionData, name="chengzhang.team.end-pairing.v1"):
    """End a pairing."""


class PairingEnded(PairingEnd, EventData, name="chengzhang.team.pairing-ended.v1", of=EndPairing):
    """A pairing ended."""


class Star(Fields):
    """A team's star of a period."""

    WORDS: ClassVar = Words("团队之星", "star named")
    ONCE: ClassVar = ("team", "period")
    ENTRY: ClassVar = Entry("activity", title="period")

    team: Team
    person: Stamped
    period: Period
    guide: Guide | None = None


class NameStar(Star, ActionData, name="chengzhang.team.name-star.v1"):
    """Name a team's star of a period."""


class StarNamed(Star, EventData, name="chengzhang.team.star-named.v1", of=NameStar):
    """A team's star was named."""
