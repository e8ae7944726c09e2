"""People and posts (人员与任职). Their types begin with ``chengzhang.people.``."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import ActionData, Day, EventData, Id, Line, Many, Sealed, Text, Tier

Year = Annotated[int, Field(ge=1900, le=2200)]


class DefineSection(ActionData):
    """Define a section (科室)."""

    TYPE: ClassVar[str] = "chengzhang.people.define-section.v1"

    section: Id
    name: Text
    work_lines: Many[Line] = ()


class SectionDefined(EventData):
    """A section was defined."""

    TYPE: ClassVar[str] = "chengzhang.people.section-defined.v1"

    section: Id
    name: Text
    work_lines: Many[Line] = ()


class RegisterPerson(ActionData):
    """Register a cadre in an office; the name is sealed, so this comes over HTTP."""

    TYPE: ClassVar[str] = "chengzhang.people.register-person.v1"
    SEALED: ClassVar[tuple[str, ...]] = ("name",)

    person: Id
    name: Text = Field(json_schema_extra={"x-sealed": True})
    branch: Text = Field(description="the party branch (党支部) that keeps the growth file")
    joined_on: Day
    birth_year: Year
    probation_until: Day | None = None
    previous: Id | None = Field(default=None, description="the office the person comes from")

    def owner(self) -> str:
        """The person's own key."""
        return self.person


class PersonRegistered(EventData):
    """A cadre was registered in an office."""

    TYPE: ClassVar[str] = "chengzhang.people.person-registered.v1"

    person: Id
    name: Sealed
    branch: Text
    joined_on: Day
    birth_year: Year
    probation_until: Day | None = None
    previous: Id | None = None


class AssumePost(ActionData):
    """Assume a post (任职), main unless concurrent (兼任)."""

    TYPE: ClassVar[str] = "chengzhang.people.assume-post.v1"

    person: Id
    post: Id
    tier: Tier
    section: Id
    concurrent: bool = False
    acting: bool = Field(default=False, description="heads without the title (主持工作)")
    from_on: Day


class PostAssumed(EventData):
    """A post was assumed; the stamp is the person's main post from that day on."""

    TYPE: ClassVar[str] = "chengzhang.people.post-assumed.v1"

    person: Id
    post: Id
    tier: Tier
    section: Id
    concurrent: bool
    acting: bool
    from_on: Day


class EndPost(ActionData):
    """End a post (免职): from that day on it is no longer held."""

    TYPE: ClassVar[str] = "chengzhang.people.end-post.v1"

    person: Id
    post: Id
    on: Day


class PostEnded(EventData):
    """A post ended; the stamp is what the person holds from that day on."""

    TYPE: ClassVar[str] = "chengzhang.people.post-ended.v1"

    person: Id
    post: Id
    on: Day


class TransferPerson(ActionData):
    """Move a person's main post to another section of the office (调整科室)."""

    TYPE: ClassVar[str] = "chengzhang.people.transfer-person.v1"

    person: Id
    to_section: Id
    on: Day


class PersonTransferred(EventData):
    """A person's main post moved; the stamp names the new section."""

    TYPE: ClassVar[str] = "chengzhang.people.person-transferred.v1"

    person: Id
    to_section: Id
    on: Day
    post: Id | None = Field(default=None, description="the main post of that day, which moved; older events lack it")


Action = DefineSection | RegisterPerson | AssumePost | EndPost | TransferPerson
Event = SectionDefined | PersonRegistered | PostAssumed | PostEnded | PersonTransferred
