"""The office's spirit (机关精神), and conduct that lives it. Their types begin with ``chengzhang.spirit.``."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    ActionData,
    EventData,
    Fields,
    Guide,
    Id,
    LongText,
    Many,
    Model,
    On,
    Person,
    Section,
    Some,
    Stamped,
    Text,
)
from schemas.declared import Entry, New, Ref, Secret, Values, Words

Good = Annotated[
    Literal["team", "head", "cadre"],
    Words("三好", "one of the three goods"),
    Values.of(team="好班子", head="好班长", cadre="好干部"),
]


class Phrase(Fields):
    """A phrase that somebody proposes for the office's spirit (大家谈)."""

    WORDS: ClassVar = Words("精神提炼用语", "phrase")

    phrase: Annotated[Id, New("phrase"), Words("用语", "phrase")]
    person: Stamped
    text: Annotated[Text, Words("文字", "text")]


class ProposePhrase(Phrase, ActionData, name="chengzhang.spirit.propose-phrase.v1"):
    """Propose a phrase for the office's spirit (大家谈)."""


class PhraseProposed(Phrase, EventData, name="chengzhang.spirit.phrase-proposed.v1", of=ProposePhrase):
    """A phrase was proposed."""


class Adopted(Model):
    """A phrase of the spirit, and which proposed ones it was made from."""

    text: Annotated[Text, Words("文字", "text")]
    from_: Annotated[Many[Annotated[Id, Ref("phrase")]], Words("来源用语", "made from")] = Field(
        default=(), alias="from", description="the proposed phrases it was made from"
    )


class Guiding(Model):
    """What one of the six guide words means here."""

    guide: Guide
    text: Annotated[Text, Words("文字", "text")]


class Spirit(Fields):
    """The spirit as it is adopted: its phrases, and what the guide words (六个方面引导) mean here."""

    WORDS: ClassVar = Words("机关精神", "spirit")

    spirit: Annotated[Id, New("spirit"), Words("机关精神", "spirit")]
    phrases: Annotated[Some[Adopted], Words("用语", "phrases")]
    guides: Annotated[Many[Guiding], Words("六个方面引导", "guide words")]
    on: On


class AdoptSpirit(Spirit, ActionData, name="chengzhang.spirit.adopt-spirit.v1"):
    """Adopt the office's spirit (机关精神): its phrases, and what the six guide words mean here."""


class SpiritAdopted(Spirit, EventData, name="chengzhang.spirit.spirit-adopted.v1", of=AdoptSpirit):
    """A spirit was adopted."""

    def payload(self) -> dict[str, Any]:
        """``from`` is a word of Python: the one field whose name differs from its attribute."""
        phrases = [{"text": phrase.text, "from": phrase.from_} for phrase in self.phrases]
        return super().payload() | {"phrases": phrases}


class Recognition(Fields):
    """Conduct of a person or a section that lives the spirit; for what it is recognised is sealed."""

    WORDS: ClassVar = Words("践行表彰", "conduct recognised")
    ENTRY: ClassVar = Entry("activity")

    recognition: Annotated[Id, New("recognition"), Words("表彰", "recognition")]
    person: Stamped | None = Field(default=None, description="whose conduct it is; or a section's")
    section: Section | None = Field(default=None, description="of which section the conduct is; or a person's")
    guide: Guide
    for_what: Annotated[LongText, Secret("by"), Words("事迹", "for what")]
    good: Good | None = None
    by: Annotated[Person, Words("表彰人", "recognised by")]


class RecogniseConduct(Recognition, ActionData, name="chengzhang.spirit.recognise-conduct.v1"):
    """Recognise conduct of a person or a section under a guide word; for what is sealed, so this comes over HTTP."""

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if (self.person is None) == (self.section is None):
            raise PydanticCustomError("person_or_section", "a person or a section, and not both")
        return self

    def sealed_for(self) -> str:
        """The person recognised; of a section whoever recognises it."""
        return self.person or self.by


class ConductRecognised(Recognition, EventData, name="chengzhang.spirit.conduct-recognised.v1", of=RecogniseConduct):
    """Conduct was recognised."""
