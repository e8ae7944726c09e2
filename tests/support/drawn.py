"""Data of any type, drawn from what it declares: what names or makes a thing takes an id of the pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from schemas.base import Fields
from schemas.declared import named

Pool = Mapping[str, Sequence[str]]
Drawn = st.SearchStrategy[Any]
_DAYS = st.dates(date(2025, 11, 1), date(2027, 2, 28)).map(str)
_FORMATS = {"date": _DAYS, "date-time": _DAYS.map("{}T01:00:00Z".format)}


def data(model: type[BaseModel], pool: Pool) -> st.SearchStrategy[dict[str, Any]]:
    """JSON data of that model, without sealed fields; what may be left out sometimes is."""
    schema = model.model_json_schema()
    ids = {place.path: st.sampled_from(pool.get(place.mark.kind, ["1", "2"])) for place in named(model)}
    hidden = {*Fields.model_fields, "stamps", "corrects", *getattr(model, "SEALED", ())}
    return _object({**schema, "hidden": hidden}, schema.get("$defs", {}), ids, ())


def _object(schema: Any, parts: Any, ids: Mapping[tuple[str, ...], Drawn], path: tuple[str, ...]) -> Drawn:  # noqa: ANN401
    fields = {
        name: _value(part, parts, ids, (*path, name))
        for name, part in schema.get("properties", {}).items()
        if name not in schema.get("hidden", ())
    }
    must = {name: fields.pop(name) for name in schema.get("required", ()) if name in fields}
    return st.fixed_dictionaries(must, optional=fields)


def _value(schema: Any, parts: Any, ids: Mapping[tuple[str, ...], Drawn], path: tuple[str, ...]) -> Drawn:  # noqa: ANN401
    if "$ref" in schema:
        return _object(parts[schema["$ref"].rpartition("/")[2]], parts, ids, path)
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], parts, ids, path)
    if schema.get("type") == "array":
        item = _value(schema["items"], parts, ids, path)
        key = repr if "$ref" in schema["items"] else None
        return st.lists(item, min_size=schema.get("minItems", 0), max_size=3, unique_by=key or str)
    return ids[path] if path in ids else _plain(schema)


def _plain(schema: Any) -> Drawn:  # noqa: ANN401  # JSON
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "integer":
            least = schema.get("minimum", 0)
            return st.integers(least, min(schema.get("maximum", least + 5), least + 5))
        case "boolean":
            return st.booleans()
        case _ if "format" in schema:
            return _FORMATS[schema["format"]]
        case _ if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True)
        case _:
            return st.sampled_from(["甲", "乙"])
