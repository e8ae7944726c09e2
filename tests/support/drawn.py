"""Data of any type, drawn from what it declares: what names or makes a thing takes an id of the pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from schemas.base import ActionData, Fields
from schemas.declared import named

Pool = Mapping[str, Sequence[str]]
Drawn = st.SearchStrategy[Any]
_DAYS = st.dates(date(2025, 11, 1), date(2027, 2, 28)).map(str)


def data(model: type[BaseModel], pool: Pool, days: Drawn = _DAYS) -> st.SearchStrategy[dict[str, Any]]:
    """JSON data of that model, an event's without sealed fields; what may be left out sometimes is."""
    schema = model.model_json_schema()
    # What is a word of Python has an attribute of another name than in JSON.
    ids = {
        tuple(part.rstrip("_") for part in place.path): st.sampled_from(pool.get(place.mark.kind, ["1", "2"]))
        for place in named(model)
    }
    formats = {"date": days, "date-time": days.map("{}T01:00:00Z".format)}
    sealed = () if issubclass(model, ActionData) else getattr(model, "SEALED", ())
    hidden = frozenset({*Fields.model_fields, "stamps", "corrects", *sealed})
    return _Drawing(schema.get("$defs", {}), ids, formats).object(schema, (), hidden)


@dataclass(frozen=True)
class _Drawing:
    parts: Any  # JSON Schemas by name
    ids: Mapping[tuple[str, ...], Drawn]  # by the path of what names or makes a thing
    formats: Mapping[str, Drawn]

    def object(self, schema: Any, path: tuple[str, ...], hidden: frozenset[str] = frozenset()) -> Drawn:  # noqa: ANN401
        properties = schema.get("properties", {}).items()
        fields = {name: self._value(part, (*path, name)) for name, part in properties if name not in hidden}
        must = {name: fields.pop(name) for name in schema.get("required", ()) if name in fields}
        return st.fixed_dictionaries(must, optional=fields)

    def _value(self, schema: Any, path: tuple[str, ...]) -> Drawn:  # noqa: ANN401
        if "$ref" in schema:
            return self.object(self.parts[schema["$ref"].rpartition("/")[2]], path)
        if "anyOf" in schema:
            return self._value(schema["anyOf"][0], path)
        if schema.get("type") == "array":
            key = repr if "$ref" in schema["items"] else str
            item = self._value(schema["items"], path)
            return st.lists(item, min_size=schema.get("minItems", 0), max_size=3, unique_by=key)
        by_name = [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]
        if values := next(filter(None, by_name), None):
            return st.dictionaries(st.sampled_from(["good", "fair"]), self._value(values, path))
        return self.ids[path] if path in self.ids else self._plain(schema)

    def _plain(self, schema: Any) -> Drawn:  # noqa: ANN401
        if "enum" in schema or "const" in schema:
            return st.sampled_from(schema.get("enum") or [schema["const"]])
        match schema.get("type"):
            case "integer":
                least = schema.get("minimum", 0)
                return st.integers(least, min(schema.get("maximum", least + 5), least + 5))
            case "boolean":
                return st.booleans()
            case _ if "format" in schema:
                return self.formats[schema["format"]]
            case _ if "pattern" in schema:
                return st.from_regex(schema["pattern"], fullmatch=True)
            case _:
                return st.sampled_from(["甲", "乙"])
