"""The tables of the read API as it describes itself: columns, types, words. A new read model needs nothing here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from deploy.local.api import get
from deploy.local.speaking.messages import Lang
from deploy.local.speaking.trouble import USAGE, CommandError

Json = dict[str, Any]
_BELOW: Final = "/offices/{office}/"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it is called, and the form of its values: ``date``, ``date-time`` or JSON Schema's type."""

    name: str
    zh: str
    en: str
    form: str

    def heading(self, lang: Lang) -> str:
        """What stands above it."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Resource:
    """A table: its name below an office, its words, its columns, the parameters that narrow it."""

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    narrowed_by: frozenset[str]

    @property
    def key(self) -> str:
        """Its name without the parameters in it."""
        return self.name.partition("/{")[0]

    @property
    def of_a_year(self) -> bool:
        """Whether its path names a year."""
        return "{year}" in self.name

    def called(self, lang: Lang) -> str:
        """What people call it."""
        return self.zh if lang == "zh" else self.en

    def path(self, office: str, year: int | None) -> str:
        """Where it is read."""
        return f"/offices/{office}/" + self.name.replace("{year}", str(year))


def resources(client: httpx.Client) -> dict[str, Resource]:
    """All tables, by their names, in the order of the names. Raises CommandError."""
    document = get(client, "/openapi.json", {}) or {}
    tables = ((path, each["get"]) for path, each in document["paths"].items() if _is_table(path, each))
    found = sorted((_resource(document, *each) for each in tables), key=lambda each: each.key)
    return {resource.key: resource for resource in found}


def named(client: httpx.Client, name: str) -> Resource:
    """The table of that name. Raises CommandError, with those that there are."""
    found = resources(client)
    if name not in found:
        raise CommandError("no_table", USAGE, table=name, tables=", ".join(found))
    return found[name]


def _is_table(path: str, methods: Mapping[str, Json]) -> bool:
    return path.startswith(_BELOW) and "get" in methods


def _resource(document: Json, path: str, described: Json) -> Resource:
    zh, _, en = described["summary"].partition(": ")
    narrowed_by = frozenset(each["name"] for each in described["parameters"] if each["in"] == "query")
    return Resource(path.removeprefix(_BELOW), zh, en, tuple(_columns(document, described)), narrowed_by)


def _columns(document: Json, described: Json) -> Iterator[Column]:
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    page = _known(document, next(iter(schema.get("anyOf", [schema]))))
    row = _known(document, page["properties"]["items"]["items"])
    for name, property_ in row["properties"].items():
        zh, _, en = property_["title"].partition(" · ")
        yield Column(name, zh, en, _form(property_))


def _known(document: Json, schema: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _form(schema: Json) -> str:
    """Of what may be null what it is otherwise."""
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    first = kinds[0] if kinds else {}
    return str(first.get("format") or first.get("type", "any"))
