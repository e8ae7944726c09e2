"""The published schemas as a reader has them: the folder's files, by their names, and nothing else."""

from __future__ import annotations

import json
from typing import Any, Final

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry

from schemas.generate import FOLDER

DOCUMENTS: Final[dict[str, Any]] = {
    path.name: json.loads(path.read_text("utf-8")) for path in (FOLDER / "json").glob("*.json")
}
REGISTRY: Final = Registry[Any]().with_contents(DOCUMENTS.items())


def validator(name: str) -> Draft202012Validator:
    """Of a type, with its formats."""
    checks = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(DOCUMENTS[f"{name}.json"], format_checker=checks, registry=REGISTRY)
