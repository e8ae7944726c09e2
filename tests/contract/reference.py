"""``python -m tests.contract.reference [--check]``: ``docs/reference/types*.md``, every type as it declares itself.

The example of each is the action stored in ``tests/contract/samples``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.base import ActionData, EventData, Fields
from schemas.catalogue import ACTIONS, BECOMES, EVENTS
from schemas.declared import GROUPS, KINDS, New, Words, models, named, secrets, values_of, words_of
from services.recorder.domain.deciding import facts
from tests.contract import examples, holds

FOLDER: Final = Path(__file__).parents[2] / "docs" / "reference"
FILES: Final = {"en": FOLDER / "types.md", "zh": FOLDER / "types.zh-CN.md"}
_SAID: Final[dict[str, Words]] = {
    "title": Words("事项类型", "Types of actions and events"),
    "about": Words(
        "由声明生成（`make schemas`），请勿手工修改。每项操作写明：成为何种事件、字段、引用与产生的内容、示例数据。\n"
        "每项操作还可带 `late_reason`（`forgotten`、`offline`、`evidence-late`）：登记晚于发生 30 天以上的原因。",
        "Generated from the declarations (`make schemas`): not to be edited. Of each action: the event that it\n"
        "becomes, its fields, what it names and makes, and data as an example. Each may have `late_reason`, too\n"
        "(`forgotten`, `offline`, `evidence-late`): why it comes more than 30 days after it happened.",
    ),
    "becomes": Words("成为事件", "becomes"),
    "more": Words("事件另有", "the event also has"),
    "field": Words("字段", "field"),
    "what": Words("含义", "what it is"),
    "values": Words("取值", "values"),
    "notes": Words("说明", "notes"),
    "optional": Words("可省略", "optional"),
    "sealed": Words("密封，密钥属于", "sealed, under the key of"),
    "reads": Words("引用，发生时须已存在", "names what must exist at that time"),
    "makes": Words("产生", "makes"),
    "rests": Words("只要它成立，下列事项的登记不能撤销", "while it stands, these can't be revoked"),
    "once": Words("按下列字段只登记一次", "recorded once for"),
    "enters": Words("进入成长档案，类别", "enters growth files, group"),
    "stamped": Words("记入当时科室与层次的人员", "carries section and tier of"),
    "none": Words("无", "nothing"),
    "correction": Words("撤销事件，以及替换内容所成为的事件", "a revocation, and what its replacement becomes"),
}
_UNITS: Final = {
    "minutes": Words("分钟", "minutes"),
    "centi_xueshi": Words("百分之一学时", "1/100 study hour"),
    "fen": Words("分（百分之一元）", "1/100 yuan"),
}


def pages() -> dict[Path, str]:
    """Both pages, and what is held by what, by their file."""
    return {path: "\n".join(_page(lang)) + "\n" for lang, path in FILES.items()} | {holds.FILE: holds.written()}


def _say(lang: str, key: str) -> str:
    return str(getattr(_SAID[key], lang))


def _page(lang: str) -> Iterator[str]:
    yield from (f"# {_say(lang, 'title')}", "", _say(lang, "about"))
    for group, names in groupby(ACTIONS, key=lambda name: name.split(".")[1]):
        yield from ("", f"## {group}")
        for name in names:
            yield from _type(lang, name, ACTIONS[name])


def _type(lang: str, name: str, model: type[ActionData]) -> Iterator[str]:
    yield from ("", f"### {name.split('.')[2]}", "", f"`{name}` · {getattr(model.WORDS, lang)}", "")
    if lang == "en":
        yield from (" ".join((model.__doc__ or "").split()), "")
    event = EVENTS[BECOMES[name]] if name in BECOMES else None
    yield f"- {_say(lang, 'becomes')}: {f'`{event.TYPE}`' if event else _say(lang, 'correction')}"
    if event:
        yield from _follows(lang, model, event)
    yield from ("", *_fields(lang, model), "", *_example(name))


def _follows(lang: str, model: type[ActionData], event: type[EventData]) -> Iterator[str]:
    refs = dict.fromkeys(n.mark.kind for n in model.NAMES if not isinstance(n.mark, New))
    made = dict.fromkeys(n.mark.kind for n in model.NAMES if isinstance(n.mark, New))
    rests = dict.fromkeys(n.mark.kind for n in event.NAMES if not isinstance(n.mark, New))
    stamped = dict.fromkeys(".".join(n.path) for n in facts.spec(event).stamped) if event.NAMES else {}
    own = [f for f in event.model_fields if f not in model.model_fields and f not in EventData.model_fields]
    for key, found in (("reads", refs), ("makes", made), ("rests", rests)):
        if found:
            yield f"- {_say(lang, key)}: {', '.join(getattr(KINDS[kind], lang) for kind in found)}"
    for key, fields in (("once", event.ONCE), ("stamped", stamped), ("more", own)):
        if fields:
            yield f"- {_say(lang, key)}: {', '.join(f'`{field}`' for field in fields)}"
    yield f"- {_say(lang, 'enters')}: {getattr(GROUPS[event.ENTRY.group], lang) if event.ENTRY else _say(lang, 'none')}"


def _fields(lang: str, model: type[ActionData]) -> Iterator[str]:
    yield f"| {' | '.join(_say(lang, key) for key in ('field', 'what', 'values', 'notes'))} |"
    yield "|---|---|---|---|"
    yield from _rows(lang, model, "")


def _rows(lang: str, model: type[BaseModel], before: str) -> Iterator[str]:
    sealed = secrets(model)
    for name, info in model.model_fields.items():
        if name in Fields.model_fields:
            continue
        own = [place for place in named(model) if place.path == (name,)]
        notes = [_say(lang, "optional")] if not info.is_required() else []
        notes += [f"{_say(lang, 'sealed')} `{sealed[name].of}`"] if name in sealed else []
        notes += [f"{_say(lang, 'makes' if isinstance(n.mark, New) else 'reads')}: {getattr(KINDS[n.mark.kind], lang)}"
                  for n in own]  # fmt: skip
        notes += [str(getattr(_UNITS[name], lang))] if name in _UNITS else []
        notes += [info.description] if info.description and lang == "en" else []
        values = [f"`{code}` {words.zh}" if lang == "zh" else f"`{code}`"
                  for code, words in values_of(model, name).items()]  # fmt: skip
        shown = f"{before}{info.alias or name}"
        what = getattr(words_of(model, name), lang)
        yield f"| `{shown}` | {what} | {', '.join(values) or _form(info)} | {'; '.join(notes)} |"
        for part in models(info.annotation):
            yield from _rows(lang, part, f"{shown}[].")


def _form(info: FieldInfo) -> str:
    """What JSON has there, in a word."""
    text = repr(info.annotation)
    form = "boolean" if "bool" in text else "integer" if "int" in text and "str" not in text else "string"
    form = "object" if next(models(info.annotation), None) or "dict" in text else form
    return form + ("[]" if "tuple" in text else "")


def _example(name: str) -> Iterator[str]:
    data = {field: value for field, value in examples.example(name)["data"].items() if field not in Fields.model_fields}
    yield from ("```json", json.dumps(data, ensure_ascii=False), "```")


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or with ``--check`` exit with 1 where something would change."""
    parser = argparse.ArgumentParser(description="Write docs/reference/types*.md from the declarations.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something would change")
    check = parser.parse_args(arguments).check
    if not check:
        for path in examples.store_missing():
            sys.stdout.write(f"wrote {path.name}\n")
    differing = {p: text for p, text in pages().items() if not p.exists() or p.read_text("utf-8") != text}
    for path, text in differing.items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        sys.stdout.write(f"{'differs' if check else 'wrote'} {path.name}\n")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
