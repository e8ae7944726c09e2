"""Work outputs and their effect (工作成果). Their types begin with ``chengzhang.work.``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import ActionData, Count, EventData, Guide, Id, Line, Many, MostOutputs, Text

Level = Literal["office", "district", "city", "province", "national"]
Effect = Literal["adopted", "in-force", "problem-solved", "pending"]
CLASSIFIED = "classified-communications"


class FileOutput(ActionData):
    """File a work output.

    Classified communications (机要) take a count, never a title; all other lines a title, never a count.
    """

    TYPE: ClassVar[str] = "chengzhang.work.file-output.v1"

    output: Id
    lead: Id
    participants: Many[Id] = ()
    line: Line
    title: Text | None = None
    count: Annotated[Count, MostOutputs] | None = Field(
        default=None, description="how many, on the line classified-communications only"
    )
    level: Level
    effect: Effect
    guide: Guide | None = None

    @model_validator(mode="after")
    def _title_or_count(self) -> Self:
        if self.line != CLASSIFIED and self.title is None:
            raise PydanticCustomError("title_missing", "this line needs a title")
        if self.line != CLASSIFIED and self.count is not None:
            raise PydanticCustomError("count_extra", "count goes with the line classified-communications only")
        return self

    def members(self) -> tuple[str, ...]:
        """Lead and participants, each once, the lead first."""
        return tuple(dict.fromkeys((self.lead, *self.participants)))


class OutputFiled(EventData):
    """A work output was filed."""

    TYPE: ClassVar[str] = "chengzhang.work.output-filed.v1"

    output: Id
    lead: Id
    participants: Many[Id]
    line: Line
    title: Text | None = None
    count: Count | None = None
    level: Level
    effect: Effect
    guide: Guide | None = None


Action = FileOutput
Event = OutputFiled
