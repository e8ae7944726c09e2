"""``python -m schemas.generate [--check]``: ``schemas/json`` from the models, JSON Schema 2020-12.

``action.json`` and ``event.json`` are the two envelopes with what several types hold (``$defs``); a type's file adds
its ``data``. ``$id`` and ``$ref`` are names of files: they resolve in the folder, below a service's ``/schemas``, and
in a validator that was given the files, which a URN does in the last of these only.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from schemas.catalogue import ACTIONS, EVENTS
from schemas.envelope import ActionEnvelope, EventEnvelope
from schemas.receipt import Quarantined, QuarantinedEnvelope, Receipt, ReceiptEnvelope

FOLDER: Final = Path(__file__).parent
SERVED: Final = "schemas"  # where a service serves the files, seen from its API's description
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DEFS: Final = "#/$defs/"
_SAID: Final = ("description", "default", "x-sealed")  # of a field, beside what it is made of
_WIDTH: Final = 120  # columns
_TOLD: Final[dict[str, type[BaseModel]]] = {Receipt.TYPE: ReceiptEnvelope, Quarantined.TYPE: QuarantinedEnvelope}
Schema = dict[str, Any]


def documents() -> dict[str, Schema]:
    """The JSON Schema of both envelopes and of every action, event, receipt and quarantine notice, by its file's name.

    Actions are closed: a member that no schema names is refused. Of all others readers ignore what they don't know.
    """
    told = {name: _open(model.model_json_schema(schema_generator=_Untitled)) for name, model in _TOLD.items()}
    found = {**_family("action", ActionEnvelope, ACTIONS), **_family("event", EventEnvelope, EVENTS), **told}
    return {
        f"{name}.json": {"$schema": _DIALECT, "$id": f"{name}.json", "title": name} | schema | {"title": name}
        for name, schema in found.items()
    }


def any_action() -> Schema:
    """Any action, for a document beside the folder ``SERVED``."""
    refs = {name: f"{SERVED}/{name}.json" for name in ACTIONS}
    return {**_any(ACTIONS), "discriminator": {"propertyName": "type", "mapping": refs}}


def messages() -> dict[str, Schema]:
    """What the topics hold, for a document beside the folder ``SERVED``: by topic."""
    return {
        "actions": _any(ACTIONS),
        "events": _any(EVENTS),
        "receipts": {"$ref": f"{SERVED}/{Receipt.TYPE}.json"},
        "quarantine": {"$ref": f"{SERVED}/{Quarantined.TYPE}.json"},
    }


def write(folder: Path, texts: Mapping[str, str], *, check: bool) -> list[str]:
    """Write these files, and no others, into the folder; or, to check, say which are not as they would be written."""
    wanted = {folder / name: text for name, text in texts.items()}
    stale = [path for path in folder.glob("*.json") if path not in wanted]
    differing = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for path in stale:
            path.unlink()
        for path in differing:
            path.write_text(wanted[path], "utf-8")
    return sorted(f"{path.parent.name}/{path.name}" for path in (*stale, *differing))


def text(document: Mapping[str, Any]) -> str:
    """A document as it is written: what fits on a line stands on one."""
    return f"{_text(document, '', 0)}\n"


def _text(value: object, indent: str, before: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if before + len(flat) < _WIDTH or not isinstance(value, dict | list):
        return flat
    deeper = f"{indent}  "
    names = [f"{json.dumps(name)}: " for name in value] if isinstance(value, dict) else [""] * len(value)
    parts = list(value.values() if isinstance(value, dict) else value)
    if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
        return "\n".join(
            ("[", *_filled([json.dumps(part, ensure_ascii=False) for part in value], deeper), f"{indent}]")
        )
    lines = [
        f"{deeper}{name}{_text(part, deeper, len(deeper) + len(name))}" for name, part in zip(names, parts, strict=True)
    ]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return "\n".join((begin, ",\n".join(lines), f"{indent}{end}"))


def _filled(words: list[str], indent: str) -> Iterator[str]:
    line = f"{indent}{words[0]}"
    for word in words[1:]:
        if len(line) + len(word) + len(", ,") > _WIDTH:
            yield f"{line},"
            line = f"{indent}{word}"
        else:
            line = f"{line}, {word}"
    yield line


def run(folder: Path, texts: Mapping[str, str], arguments: list[str] | None = None) -> int:
    """The command of a generator: write, or with ``--check`` exit with 1 where something would change."""
    parser = argparse.ArgumentParser(description=f"Write {folder.name}/ from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something would change")
    check = parser.parse_args(arguments).check
    changed = write(folder, texts, check=check)
    for name in changed:
        sys.stdout.write(f"{'differs' if check else 'wrote'} {name}\n")
    return 1 if check and changed else 0


class _Untitled(GenerateJsonSchema):
    """Without a title for each field, which would only be its name again."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  # pydantic's hook
        return False


def _family(base: str, envelope: type[BaseModel], models: Mapping[str, type[BaseModel]]) -> dict[str, Schema]:
    """The envelope's schema and those of its types. What several types hold is the envelope's to define."""
    everything = (envelope, *models.values())
    refs, made = models_json_schema([(model, "validation") for model in everything], schema_generator=_Untitled)
    names = {model: refs[model, "validation"]["$ref"].removeprefix(_DEFS) for model in everything}
    closed = made["$defs"][names[envelope]].pop("additionalProperties", True) is False  # each type's file says it
    defs: dict[str, Schema] = made["$defs"] if closed else _open(made["$defs"])
    parts = {name: set(_reached(defs[names[model]], defs)) for name, model in models.items()}
    users = Counter(part for reached in parts.values() for part in reached)
    shared = {part for part in users if users[part] > 1}
    common = _common(
        defs[name].get("properties", {}) for name in (*(names[model] for model in models.values()), *sorted(shared))
    )
    found = {base: _with_defs(defs[names[envelope]], {**defs, **common}, {*shared, *common})}
    for name, model in models.items():
        whole = _type(base, name, _referring(defs[names[model]], base, common), closed=closed)
        found[name] = _elsewhere(_with_defs(whole, defs, parts[name] - shared), base, shared)
    return found


def _common(types: Iterable[Schema]) -> dict[str, Schema]:
    """What several types' fields are, whole or but for what is said of them, by the name of the first that is."""
    fields = [(name, field) for properties in types for name, field in properties.items()]
    made = [(name, text) for name, field in fields for text in dict.fromkeys(map(json.dumps, (field, _bare(field))))]
    uses = Counter(text for _, text in made)
    found: dict[str, Schema] = {}
    for name, text in made:  # by the first field that is made so
        if uses[text] > 1 and len(text) > _WIDTH // 2 and json.loads(text) not in found.values():
            free = next(each for n in count(1) if (each := name if n == 1 else f"{name}_{n}") not in found)
            found[free] = json.loads(text)
    return found


def _bare(field: Schema) -> Schema:
    return {key: value for key, value in field.items() if key not in _SAID}


def _referring(data: Schema, base: str, common: Mapping[str, Schema]) -> Schema:
    names = {json.dumps(made): f"{base}.json{_DEFS}{name}" for name, made in common.items()}

    def referring(made: Schema) -> Schema:
        whole, bare = names.get(json.dumps(made)), names.get(json.dumps(_bare(made)))
        if whole and not made.get("x-sealed"):  # that mark stands where the field does
            return {"$ref": whole}
        return {"$ref": bare, **{key: made[key] for key in _SAID if key in made}} if bare else made

    return {**data, "properties": {name: referring(made) for name, made in data["properties"].items()}}


def _type(base: str, name: str, data: Schema, *, closed: bool) -> Schema:
    said = {"description": data["description"], "allOf": [{"$ref": f"{base}.json"}]}
    inner = {key: value for key, value in data.items() if key != "description"}
    properties = {"type": {"const": name}, "data": inner}
    return {**said, "properties": properties, **({"unevaluatedProperties": False} if closed else {})}


def _with_defs(schema: Schema, defs: Mapping[str, Schema], names: set[str]) -> Schema:
    return {**schema, **({"$defs": {name: defs[name] for name in sorted(names)}} if names else {})}


def _elsewhere(schema: Schema, base: str, names: set[str]) -> Schema:
    """The schema with its references to what the envelope's file defines led there."""
    for part in _objects(schema):
        if str(part.get("$ref")).removeprefix(_DEFS) in names:
            part["$ref"] = f"{base}.json{part['$ref']}"
    return schema


def _reached(schema: Schema, defs: Mapping[str, Schema]) -> Iterator[str]:
    """The names of all that a schema refers to, itself or through others."""
    for part in _objects(schema):
        if "$ref" in part:
            name = part["$ref"].removeprefix(_DEFS)
            yield from (name, *_reached(defs[name], defs))


def _open(schema: Schema) -> Schema:
    """The schema, in which unknown members are ignored, whatever the models do with them."""
    for part in _objects(schema):
        part.pop("additionalProperties", None)
    return schema


def _any(names: Iterable[str]) -> Schema:
    return {"oneOf": [{"$ref": f"{SERVED}/{name}.json"} for name in names]}


def _objects(schema: Any) -> Iterator[Schema]:  # noqa: ANN401 - any part of a schema
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in parts:
        yield from _objects(part)
    if isinstance(schema, dict):
        yield schema


def main() -> int:
    """Write ``schemas/json``."""
    return run(FOLDER / "json", {name: text(document) for name, document in documents().items()})


if __name__ == "__main__":
    sys.exit(main())
