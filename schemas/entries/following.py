"""Which rule pack an office follows (规则包). Its type begins with ``chengzhang.any.``."""

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from schemas.base import OFFICE, ActionData, EventData, Fields, FromOn
from schemas.declared import Words

PackId = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,40}-[0-9]{4}$"), Words("规则包", "rule pack")]


class Following(Fields):
    """The rule pack (规则包) that an office follows, from a day on."""

    WORDS: ClassVar = Words("采用规则包", "pack followed")
    STREAM: ClassVar = OFFICE

    pack: PackId
    from_on: FromOn


class FollowPack(Following, ActionData, name="chengzhang.any.follow-pack.v1"):
    """Follow a rule pack (规则包) from a day on; who never said follows the nation's of each year."""


class PackFollowed(Following, EventData, name="chengzhang.any.pack-followed.v1", of=FollowPack):
    """An office follows a rule pack."""
