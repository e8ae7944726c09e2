"""Query parameters that a resource doesn't have: refused. A misspelt ``as_of`` would answer with today's figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from services.common.explain import field_errors
from services.common.problems import FieldError, Problem


def check(request: Request) -> None:
    """Raise Problem 422 where the request has one that its route doesn't know."""
    if not request.scope["query_string"]:
        return
    route: APIRoute = request.scope["route"]
    known = set(_known(route.dependant))
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        errors = [_error(name, known) for name in unknown]
        detail = "; ".join(f"{error.pointer}: {error.en} ({error.fix_en})" for error in errors[:5])
        raise Problem(422, "invalid-field", "Invalid request", detail, errors=errors)


def _known(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for other in dependant.dependencies:
        yield from _known(other)


def _error(name: str, known: set[str]) -> FieldError:
    wrong = {"type": "extra_forbidden", "loc": (name,)}
    (error,) = field_errors([wrong], {name: ""}, "/query", known)
    return replace(error, en="is not a parameter of this resource", zh="该资源没有此参数")
