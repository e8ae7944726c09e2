"""``holds.json``: by which rows, with which members, facts of each type are held; what a fold of a number stores.

A new type is added to it by ``make schemas``. Where a type that is there changes, stored states must be folded anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from schemas.catalogue import EVENTS
from services.recorder.domain import decider
from services.recorder.domain.deciding import facts
from services.recorder.domain.fold_version import FOLD_VERSION

FILE: Final = Path(__file__).with_name("holds.json")


def holds() -> dict[str, Any]:
    """As the declarations have it now."""
    decider.check()  # by then all subjects have said what they keep
    named = {name: facts.spec(model) for name, model in EVENTS.items() if model.NAMES}
    types = {name: {"by": sorted(spec.holders()), "with": sorted(spec.kept)} for name, spec in named.items()}
    return {"fold_version": FOLD_VERSION, "types": types}


def changed() -> list[str]:
    """The types that are held otherwise than the file says, under the same number."""
    before, now = json.loads(FILE.read_text("utf-8")), holds()
    if before["fold_version"] != now["fold_version"]:
        return []
    return [name for name, held in before["types"].items() if now["types"].get(name) != held]


def written() -> str:
    """The file's text."""
    return json.dumps(holds(), indent=1, sort_keys=True) + "\n"
