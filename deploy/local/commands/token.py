"""``office token``: who gets in, by which name, and until when. A token is shown once, when it is made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from deploy.local.commands.options import HomeOption, JsonOption, LangOption
from deploy.local.speaking.messages import Lang, language, text
from deploy.local.speaking.steps import err, explained, out
from schemas.catalogue import ACTIONS
from services.common.commands import FAILED, NOT_RUNNING, valid_settings
from services.common.home import pasteable
from services.common.lazy import Command, group
from services.common.settings import Settings
from services.common.telling.moments import minute_of
from services.common.telling.showing import Whole
from services.common.tokens.entries import Entry, GrantsError, Role
from services.common.tokens.store import Store
from services.common.tokens.uses import read_uses

_LIMITS: Final = ("offices", "sources", "types", "person", "section")
Name = Annotated[str, typer.Argument(help="An app's or a role's, never a person's · 应用或角色的名称，不得用人名")]
Listed = list[str] | None


def add(  # noqa: PLR0917  # all that narrows a grant
    name: Name,
    role: Annotated[Role, typer.Option(help="What it may · 角色")],
    offices: Annotated[Listed, typer.Option(help="Only these, a comma in between · 仅限机关")] = None,
    sources: Annotated[Listed, typer.Option(help="Of a publisher: only these · 仅限来源")] = None,
    types: Annotated[Listed, typer.Option(help="Of a publisher: only these; may end in * · 仅限操作类型")] = None,
    person: Annotated[str | None, typer.Option(help="Of a reader: only this person's · 仅限此人")] = None,
    section: Annotated[str | None, typer.Option(help="Of a reader: only this section's · 仅限此科室")] = None,
    expires: Annotated[str | None, typer.Option(help="The last day or instant · 有效期至")] = None,
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """添加令牌 · Add a token, and show it: nobody can show it again."""
    speech, settings = language(lang), valid_settings(home)
    asked = {
        "role": role, "offices": split(offices), "sources": split(sources), "types": split(types),
        "person": person, "section": section, "expires": expires,
    }  # fmt: skip
    grant = {key: value for key, value in asked.items() if value is not None}
    check(grant, speech)
    with told(settings, speech):
        token = Store(settings.tokens).add(name, grant)
    _show(speech, "token_added", name, {"name": name, "token": token, **grant}, as_json=as_json)


def rotate(name: Name, *, as_json: JsonOption = False, home: HomeOption = None, lang: LangOption = None) -> None:
    """更换令牌 · Give a name a new token; the old one ends at once."""
    speech, settings = language(lang), valid_settings(home)
    with told(settings, speech):
        token = Store(settings.tokens).rotate(name)
    _show(speech, "token_rotated", name, {"name": name, "token": token}, as_json=as_json)


def revoke(name: Name, *, as_json: JsonOption = False, home: HomeOption = None, lang: LangOption = None) -> None:
    """撤销令牌 · Take a token away, at once."""
    speech, settings = language(lang), valid_settings(home)
    with told(settings, speech):
        Store(settings.tokens).revoke(name)
    _show(speech, "token_revoked", name, {"name": name}, as_json=as_json)


def tokens(*, as_json: JsonOption = False, home: HomeOption = None, lang: LangOption = None) -> None:
    """查看令牌 · List names, what each may, its end and last use, no tokens."""
    speech, settings = language(lang), valid_settings(home)
    with told(settings, speech):
        entries = Store(settings.tokens).entries()
    used = read_uses(settings.token_uses.glob("*.json"))
    listed = [_told_of(name, entry, used.get(name)) for name, entry in entries.items()]
    if as_json:
        typer.echo(json.dumps(listed, ensure_ascii=False))
        return
    titles = ("名称", "角色", "限定", "有效期至", "最近使用") if speech == "zh" else (
        "name", "role", "narrowed to", "until", "last used")  # fmt: skip
    table = Whole(*titles)
    table.columns[-1].min_width = len("2026-03-02 09:00")
    for each in listed:
        limits = "; ".join(f"{key}: {_plain(each[key])}" for key in _LIMITS if each[key] is not None)
        until = f"{each['expires'] or ''}{text(speech, 'token_over') if each['expired'] else ''}"
        table.add_row(
            each["name"], each["role"], limits, until, minute_of(used[each["name"]]) if each["name"] in used else ""
        )
    out.print(table)


cli = group(
    "令牌 · Who gets in: add, list, revoke and rotate tokens.",
    (
        Command("add", f"{__name__}:add", "添加令牌 · Add a token, and show it: nobody can show it again."),
        Command("list", f"{__name__}:tokens", "查看令牌 · List names, what each may, its end and last use, no tokens."),
        Command("revoke", f"{__name__}:revoke", "撤销令牌 · Take a token away, at once."),
        Command("rotate", f"{__name__}:rotate", "更换令牌 · Give a name a new token; the old one ends at once."),
    ),
)


def check(grant: Mapping[str, Any], speech: Lang) -> None:
    """Exit 2 where it can't be such a grant."""
    try:
        Entry.model_validate({"sha256": "0" * 64, **grant})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise typer.BadParameter(" ".join((*(f"--{part}:" for part in first["loc"]), first["msg"]))) from None
    for pattern in grant.get("types") or ():
        if not any(fnmatchcase(type_, pattern) for type_ in ACTIONS):  # it would let in nobody, and say nothing
            raise typer.BadParameter(text(speech, "no_such_type", pattern=pattern))


def split(values: Listed) -> Listed:
    """What was given once or several times, a comma in between."""
    return None if values is None else [part.strip() for value in values for part in value.split(",") if part.strip()]


def _told_of(name: str, entry: Entry, used: datetime | None) -> dict[str, Any]:
    limits = {key: getattr(entry, key) for key in _LIMITS}
    return {
        "name": name,
        "role": entry.role,
        **{key: sorted(value) if isinstance(value, frozenset) else value for key, value in limits.items()},
        "expires": entry.expires,
        "expired": entry.until is not None and entry.until < datetime.now(UTC),
        "last_used": None if used is None else used.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _show(lang: Lang, key: str, name: str, told: Mapping[str, Any], *, as_json: bool) -> None:
    """The token alone goes to standard output, so that it can go into a file and nowhere else."""
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    err.print(text(lang, key, name=name), markup=False)
    if "token" in told:
        typer.echo(told["token"])


@contextmanager
def told(settings: Settings, lang: Lang) -> Iterator[None]:
    """End the command with what is wrong with the token file, in words; exit 3 where there is none."""
    file: Path = settings.tokens
    if not file.exists():
        err.print(text(lang, "no_token_file", file=file), style="bold red", markup=False)
        raise typer.Exit(NOT_RUNNING)
    with explained(lang):
        try:
            yield
        except GrantsError as error:
            err.print(pasteable(error.why.zh if lang == "zh" else error.why.en), style="bold red", markup=False)
            raise typer.Exit(FAILED) from None
