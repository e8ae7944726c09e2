"""The program that a bundle and proofs bring: ``standalone.py``, with what the types declare."""

import json
from pathlib import Path
from typing import Any, Final

from schemas.appraisal.grading import OF_INSTITUTIONS, Grade, RoutineGrade, Stage
from schemas.catalogue import EVENTS
from schemas.declared import worded
from schemas.packs import packs
from services.recorder.audit.offline import standalone

_UNDECLARED: Final = "{name}: Final[Json] = {{}}"
Json = dict[str, Any]


def program() -> bytes:
    """It imports nothing of ours, so that it can be handed on alone."""
    text = Path(standalone.__file__).read_text(encoding="utf-8")
    for name, value in declared().items():
        before, after = text.split(blank := _UNDECLARED.format(name=name))
        text = f"{before}{blank.removesuffix('{}')}{json.dumps(value, ensure_ascii=False)}{after}"
    return text.encode()


def declared() -> dict[str, Json]:
    """What the program is told when it is packed, by its names for it."""
    return {"ENTRIES": evidence(), "PACKS": rules(), "CALLED": called()}


def evidence() -> Json:
    """Which types are evidence, in which group, on what condition."""
    return {
        type_: {"group": model.ENTRY.group, "when": {name: list(values) for name, values in model.ENTRY.when.items()}}
        for type_, model in EVENTS.items()
        if model.ENTRY is not None and model.ENTRY.group != "talk"
    }


def rules() -> Json:
    """What the rule packs say that figures rest on: the study that they ask for, and what an open case bars."""
    names = ("year_centi_xueshi", "year_days", "five_years_centi_xueshi", "five_years_days", "five_years_ranks")
    return {
        name: {
            "region": pack.region,
            "year": pack.year,
            "open_case": pack.discipline.open_case.value[0],
            **{each: getattr(pack.study, each).value for each in names},
        }
        for name, pack in packs().items()
    }


def called() -> Json:
    """What types of event are called, and in Chinese stages and grades, which in English are their codes."""
    listed = (("stage", Stage), ("grade", Grade), ("grade", RoutineGrade))
    words = {f"{kind} {code}": said.zh for kind, of in listed for code, said in worded(of).items()}
    return {
        "zh": words
        | {f"institution {code}": zh for code, zh in OF_INSTITUTIONS.items()}
        | {f"event {type_}": model.WORDS.zh for type_, model in EVENTS.items()},
        "en": {f"event {type_}": model.WORDS.en for type_, model in EVENTS.items()},
    }
