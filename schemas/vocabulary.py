"""What everything is called, in both languages: gathered from the declarations, for whoever shows it to people."""

from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel

from schemas.catalogue import ACTIONS, EVENTS
from schemas.declared import GROUPS, Words, models, values_of


@cache
def values() -> dict[str, dict[str, Words]]:
    """What the values of closed lists are called, by the field's name; ``entry_group`` is the growth file's."""
    found: dict[str, dict[str, Words]] = {"entry_group": dict(GROUPS)}
    for model in _parts((*ACTIONS.values(), *EVENTS.values())):
        for name in model.model_fields:
            if words := values_of(model, name):
                found.setdefault(name.rstrip("_"), {}).update(words)
    return found


def _parts(wholes: tuple[type[BaseModel], ...]) -> Iterator[type[BaseModel]]:
    for model in wholes:
        yield model
        for info in model.model_fields.values():
            yield from models(info.annotation)


def types() -> dict[str, Words]:
    """What every type of action and event is called, by its stored name."""
    return {name: model.WORDS for name, model in (*ACTIONS.items(), *EVENTS.items())}
