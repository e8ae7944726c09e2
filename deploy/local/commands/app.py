"""``office app``: programs that publish. Each has a login on Kafka, a topic that it alone writes, and a token."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer

from deploy.local.access import passwords, settling
from deploy.local.access.clients import Address
from deploy.local.access.granting import Broker
from deploy.local.access.principals import TAKEN, is_app_name
from deploy.local.api import stack_settings
from deploy.local.commands.options import HomeOption, JsonOption, LangOption
from deploy.local.commands.token import Listed, check, split, told
from deploy.local.errors import StackError
from deploy.local.paths import Home
from deploy.local.running import stack
from deploy.local.running import state as kept
from deploy.local.running.readiness import ready
from deploy.local.servers import kafka
from deploy.local.speaking.messages import Lang, language, text
from deploy.local.speaking.say import quiet
from deploy.local.speaking.steps import at, err, explained, out
from services.common.commands import NOT_RUNNING
from services.common.kafka.actions import topic_of
from services.common.lazy import Command, group
from services.common.settings import Settings
from services.common.telling.showing import Whole
from services.common.tokens.entries import Entry
from services.common.tokens.store import Store

_LIMITS: Final = ("offices", "types", "sources")
Name = Annotated[str, typer.Argument(help="1-64 of a-z, 0-9, - · 小写字母、数字、连字符")]


def add(  # all that narrows a grant
    name: Name,
    offices: Annotated[Listed, typer.Option(help="Only these, a comma in between · 仅限机关")] = None,
    types: Annotated[Listed, typer.Option(help="Only these; may end in * · 仅限操作类型")] = None,
    sources: Annotated[Listed, typer.Option(help="Only these · 仅限来源")] = None,
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """添加应用 · Add an app, and show its token: nobody can show it again."""
    speech = language(lang)
    if not is_app_name(name):
        raise typer.BadParameter(text(speech, "app_name", name=name, taken=", ".join(sorted(TAKEN))))
    asked = {"offices": split(offices), "types": split(types), "sources": split(sources)}
    grant = {"role": "publisher", **{key: value for key, value in asked.items() if value is not None}}
    check(grant, speech)
    with _office(at(home), stack_settings(home, speech), speech) as office:
        if office.knows(name):
            raise StackError("app_there", name=name)
        office.admit(name)
        token = office.store.add(name, grant)
        _show(speech, "app_added", office.told(name) | {"token": token}, as_json=as_json)


def rotate(name: Name, *, as_json: JsonOption = False, home: HomeOption = None, lang: LangOption = None) -> None:
    """更换凭据 · Give an app another password, and another token."""
    speech = language(lang)
    with _office(at(home), stack_settings(home, speech), speech) as office:
        office.must_have(name)
        passwords.renewed(office.home, name)
        office.admit(name)
        token = office.store.rotate(name)
        _show(speech, "app_rotated", office.told(name) | {"token": token}, as_json=as_json)


def remove(name: Name, *, as_json: JsonOption = False, home: HomeOption = None, lang: LangOption = None) -> None:
    """移除应用 · Have an app publish no more, at once."""
    speech = language(lang)
    with _office(at(home), stack_settings(home, speech), speech) as office:
        office.must_have(name)
        if name in office.store.entries():
            office.store.revoke(name)
        settling.dismiss(office.home, office.broker, name)
        _show(speech, "app_removed", {"name": name, "topic": office.topic(name)}, as_json=as_json)


def apps(*, as_json: JsonOption = False, home: HomeOption = None, lang: LangOption = None) -> None:
    """查看应用 · List apps, their topics and what each may send."""
    speech = language(lang)
    settings = stack_settings(home, speech)
    with told(settings, speech):
        office = _Office(at(home), settings)
        listed = [office.told(name) for name in settling.apps(office.home)]
    if as_json:
        typer.echo(json.dumps(listed, ensure_ascii=False))
        return
    if not listed:
        err.print(text(speech, "no_apps"), markup=False)
        return
    titles = ("名称", "主题", "限定") if speech == "zh" else ("name", "topic", "narrowed to")
    table = Whole(*titles)
    for each in listed:
        limits = "; ".join(f"{key}: {', '.join(each[key])}" for key in _LIMITS if each[key] is not None)
        table.add_row(each["name"], each["topic"], limits)
    out.print(table)


cli = group(
    "应用 · Apps that publish: add, list, remove and rotate their logins, topics and tokens.",
    (
        Command("add", f"{__name__}:add", "添加应用 · Add an app, and show its token: nobody can show it again."),
        Command("list", f"{__name__}:apps", "查看应用 · List apps, their topics and what each may send."),
        Command("remove", f"{__name__}:remove", "移除应用 · Have an app publish no more, at once."),
        Command("rotate", f"{__name__}:rotate", "更换凭据 · Give an app another password, and another token."),
    ),
)


class _Office:
    """What is known of a stack's apps."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self.home = home
        self.store = Store(settings.tokens)
        self._prefix = settings.topic_prefix
        state = kept.known(home)
        self._state = state
        self._address = Address("") if state is None else kept.address(home, state)

    @property
    def runs(self) -> bool:
        """Whether Kafka does."""
        return self._state is not None and ready(self.home, kafka.NAME, self._state).well

    @property
    def broker(self) -> Broker:
        """Kafka, as its administrator."""
        return settling.broker(self.home, self._address)

    def admit(self, name: str) -> None:
        """Have it log in and publish."""
        settling.admit(self.home, self.broker, self._address, self._prefix, name)

    def knows(self, name: str) -> bool:
        """Whether there is such a grant: it comes last, so an app that was half added may be added again."""
        return name in self.store.entries()

    def must_have(self, name: str) -> None:
        """Raise StackError where there is no such app."""
        if name not in settling.apps(self.home):
            raise StackError("no_app", name=name)

    def topic(self, name: str) -> str:
        """Where it publishes."""
        return topic_of(self._prefix, name)

    def told(self, name: str) -> dict[str, Any]:
        """What is told of an app; None where nothing narrows it."""
        entry: Entry | None = self.store.entries().get(name)
        limits = {key: entry and getattr(entry, key) for key in _LIMITS}
        files = self.home.kafka_clients / name
        return {
            "name": name,
            "topic": self.topic(name),
            **{key: None if value is None else sorted(value) for key, value in limits.items()},
            "kafka_client": {"json": f"{files}.json", "properties": f"{files}.properties"},
        }


@contextmanager
def _office(home: Home, settings: Settings, lang: Lang) -> Iterator[_Office]:
    """A running stack that nobody else changes meanwhile. Ends the command, in words, where it isn't or can't."""
    with told(settings, lang), explained(lang), stack.alone(home, quiet):
        office = _Office(home, settings)
        if not office.runs:
            err.print(text(lang, "kafka_not_running", home=home.root), style="bold red", markup=False)
            raise typer.Exit(NOT_RUNNING)
        yield office


def _show(lang: Lang, key: str, found: Mapping[str, Any], *, as_json: bool) -> None:
    """The token alone goes to standard output, so that it can go into a file and nowhere else."""
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    files = found.get("kafka_client", {}).get("json", "").removesuffix(".json")
    err.print(text(lang, key, name=found["name"], topic=found["topic"], files=files), markup=False)
    if "token" in found:
        typer.echo(found["token"])
