"""The program that a bundle and proofs bring: ``standalone.py``, with what the types declare."""

import json
from pathlib import Path
from typing import Any, Final

from schemas.catalogue import EVENTS
from services.recorder.audit.offline import standalone

_UNDECLARED: Final = "ENTRIES: Final[Json] = {}"
Json = dict[str, Any]


def program() -> bytes:
    """It imports nothing of ours, so that it can be handed on alone."""
    before, after = Path(standalone.__file__).read_text(encoding="utf-8").split(_UNDECLARED)
    return f"{before}{_UNDECLARED.removesuffix('{}')}{json.dumps(evidence())}{after}".encode()


def evidence() -> Json:
    """Which types are evidence, in which group, on what condition."""
    return {
        type_: {"group": model.ENTRY.group, "when": {name: list(values) for name, values in model.ENTRY.when.items()}}
        for type_, model in EVENTS.items()
        if model.ENTRY is not None and model.ENTRY.group != "talk"
    }
