"""``python -m schemas.generate [--check]``: ``schemas/json/<type>.json`` from the models, JSON Schema 2020-12.

Each file is a whole CloudEvent, envelope and data, and needs no other file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from schemas.catalogue import ACTIONS, EVENTS
from schemas.envelope import ActionEnvelope, EventEnvelope
from schemas.receipt import Quarantined, QuarantinedEnvelope, Receipt, ReceiptEnvelope

FOLDER: Final = Path(__file__).parent
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DEFS: Final = "#/$defs/{model}"
_COMPONENT: Final = "#/components/schemas/{model}"
_TOLD: Final[dict[str, type[BaseModel]]] = {Receipt.TYPE: ReceiptEnvelope, Quarantined.TYPE: QuarantinedEnvelope}


def documents() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every action, event, receipt and quarantine notice, by its type."""
    return {name: _document(name, model) for name, model in _models().items()}


def components() -> dict[str, Any]:
    """The actions for an OpenAPI document: a schema a type, and ``Action``, which is any of them."""
    models = {name: _action(name) for name in ACTIONS}
    _, shared = models_json_schema([(m, "validation") for m in models.values()], ref_template=_COMPONENT)
    refs = {name: _COMPONENT.format(model=model.__name__) for name, model in models.items()}
    action = {
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }
    found: dict[str, Any] = shared["$defs"]
    return {"Action": action, **found}


def messages() -> dict[str, Any]:
    """What the topics hold, for an AsyncAPI document: ``Action``, ``Event``, receipts, quarantine notices."""
    parts = components()
    told = {name: _event(name) for name in EVENTS} | _TOLD
    _, shared = models_json_schema([(m, "validation") for m in told.values()], ref_template=_COMPONENT)
    for part in _objects(shared):
        part.pop("additionalProperties", None)
    refs = [{"$ref": _COMPONENT.format(model=_event(name).__name__)} for name in EVENTS]
    return {**parts, **shared["$defs"], "Event": {"oneOf": refs}}


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
    """A document as it is committed."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def run(folder: Path, texts: Mapping[str, str], arguments: list[str] | None = None) -> int:
    """The command of a generator: write, or with ``--check`` exit with 1 where something would change."""
    parser = argparse.ArgumentParser(description=f"Write {folder.name}/ from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something would change")
    check = parser.parse_args(arguments).check
    changed = write(folder, texts, check=check)
    for name in changed:
        sys.stdout.write(f"{'differs' if check else 'wrote'} {name}\n")
    return 1 if check and changed else 0


def _models() -> dict[str, type[BaseModel]]:
    return {name: _action(name) for name in ACTIONS} | {name: _event(name) for name in EVENTS} | _TOLD


def _action(name: str) -> type[BaseModel]:
    """The envelope of one type of action. ``__doc__`` is what the type means."""
    data = ACTIONS[name]
    fields: Any = {"type": (Literal[name], ...), "data": (data, ...)}
    return create_model(f"{data.__name__}Action", __base__=ActionEnvelope, __doc__=data.__doc__, **fields)


def _event(name: str) -> type[BaseModel]:
    data = EVENTS[name]
    fields: Any = {"type": (Literal[name], ...), "data": (data, ...)}
    return create_model(f"{data.__name__}Event", __base__=EventEnvelope, __doc__=data.__doc__, **fields)


def _document(name: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template=_DEFS)
    if name not in ACTIONS:
        for part in _objects(schema):
            part.pop("additionalProperties", None)  # readers ignore members that they do not know
    _mark_sealed(schema)
    return {"$schema": _DIALECT, "$id": f"urn:chengzhang:schema:{name}", **schema, "title": name}


def _objects(schema: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any part of a schema
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in parts:
        yield from _objects(part)
    if isinstance(schema, dict) and schema.get("additionalProperties") is False:
        yield schema


def _mark_sealed(schema: dict[str, Any]) -> None:
    """An event's sealed fields bear the same mark as the action's."""
    sealed = {"$ref": _DEFS.format(model="Sealed")}
    for definition in schema.get("$defs", {}).values():
        for field in definition.get("properties", {}).values():
            if sealed in (*field.get("anyOf", ()), {"$ref": field.get("$ref")}):
                field["x-sealed"] = True


def main() -> int:
    """Write ``schemas/json``."""
    return run(FOLDER / "json", {f"{name}.json": text(document) for name, document in documents().items()})


if __name__ == "__main__":
    sys.exit(main())
