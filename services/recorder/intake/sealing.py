"""Between reading and appending: plaintext is sealed (HTTP) or refused (Kafka), and lives no longer than this.

The body's digest must be the same each time the same action comes, today or in ten years, valid or not. So it depends
on type and body alone: SHA-256, but for a type with sealed fields an HMAC, since a plain hash of a name can be found by
trying names: under the owner's key, or the installation's where no field is to be sealed or no owner can be read. Once
the owner is erased, there is no such digest any more: the same action is then known by its key alone.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import orjson
import structlog

from schemas.base import ID, ActionData
from schemas.catalogue import ACTIONS
from schemas.declared import New
from schemas.entries.taking import CorrectEntry
from schemas.people.erasure import erases
from services.common.tokens.grants import Grant
from services.recorder.domain.deciding.core import NOT_BINDING, Action, Key, Rejection, Terms, unknown
from services.recorder.domain.erasure import erased
from services.recorder.errors import RecorderError
from services.recorder.intake.naming import NAMED, Named, called, unnamed
from services.recorder.intake.parsing import Unreadable, failed
from services.recorder.intake.reading import Readable
from services.recorder.ledger.database import TRANSIENT
from services.recorder.ledger.submission import UNCOMPARED, Submission, key_digest
from services.recorder.vault.vault import DataKey, Owner

_OWNER: Final = re.compile(ID)
_BLANK: Final = ""
Log: Final = structlog.get_logger("intake")
_CORRECTION: Final = CorrectEntry.TYPE
PLAINTEXT_SEALED: Final = Rejection(
    "plaintext-sealed",
    "This type has sealed fields, which never come in plaintext over Kafka. Send it to POST /actions with a new id.",
    "该类型含有密封字段，不得以明文经 Kafka 发送。请换一个编号，改用 POST /actions 发送。",
)


class Keys(Named, Protocol):
    """The vault, as far as sealing goes."""

    terms: Terms

    async def keys(self, owners: Collection[Owner]) -> Mapping[Owner, DataKey]:
        """The owners' keys; none of who was erased. Raises Unavailable."""

    def mac(self, body: bytes) -> bytes:
        """A digest under the installation's own key."""


# Of things (by their states' keys) whose they are, as far as they exist. Raises Unavailable.
Owners = Callable[[Collection[Key]], Awaitable[Mapping[Key, str]]]


class Secret(NamedTuple):
    """That a type has sealed fields, and whose key seals them: none where none is given, or no owner can be read.

    ``thing``: what says whose they are, where the body doesn't.
    """

    owner: Owner | None
    thing: Key | None = None


class Sent(NamedTuple):
    """What was read, and who was let in to send it."""

    readable: Readable
    sender: Grant


async def prepare(
    sent: Sequence[Sent], vault: Keys, owners: Owners | None = None, *, plaintext_allowed: bool
) -> list[Submission]:
    """Submissions in the same order, digested and sealed. Raises Unavailable where a key is needed and can't be had."""
    read = await unnamed([each.readable for each in sent], vault)
    sent = [Sent(each, before.sender) for each, before in zip(read, sent, strict=True)]
    secrets = [None if each.refusal is NAMED else _secret(each) for each in read]
    things = {secret.thing for secret in secrets if secret is not None and secret.thing is not None}
    owned = await _owned(sent, things, owners) if things and owners is not None and plaintext_allowed else {}
    persons = {*owned.values(), *(s.owner for s in secrets if s is not None and s.owner is not None)}
    keys = await vault.keys(persons) if persons else {}
    if plaintext_allowed and (names := called(read)):
        await vault.remember(names)
    return [
        _plain(each, vault.terms)
        if secret is None
        else _through(each, secret.thing, owned, keys, vault)
        if secret.thing is not None and plaintext_allowed
        else _sealed(each, secret, keys, vault, plaintext_allowed=plaintext_allowed)
        for each, secret in zip(sent, secrets, strict=True)
    ]


async def _owned(sent: Sequence[Sent], things: set[Key], owners: Owners) -> dict[Key, Owner]:
    """Whose these things are: those of the ledger, and those that these actions make."""
    known = await owners(things)
    found = {(kind, key): Owner(key.partition("/")[0], person) for (kind, key), person in known.items()}
    for action in (each.readable.action for each in sent):
        if found.keys() >= things:
            break
        fact = action and (action.replacement or action)
        if fact and fact.data.SEALED and (owner := fact.data.sealed_for()) is not None:
            made = (fact.key(n.mark.kind, i) for n in fact.data.NAMES for i in n.ids(fact.data.__dict__)
                    if isinstance(n.mark, New))  # fmt: skip
            found |= {key: Owner(fact.office, owner) for key in made if key in things and key not in found}
    return found


async def prepare_apart(read: Sequence[Sent | Unreadable], vault: Keys) -> list[Submission | Unreadable]:
    """The same for what came over Kafka, in order: what can't be prepared stops no neighbour.

    Raises Unavailable, or what TRANSIENT names, where a key can't be had now.
    """
    prepared = iter(await _bisected([each for each in read if isinstance(each, Sent)], vault))
    return [next(prepared) if isinstance(each, Sent) else each for each in read]


async def _bisected(sent: Sequence[Sent], vault: Keys) -> Sequence[Submission | Unreadable]:
    """All at once; one by one where that fails, so that the culprit alone fails."""
    try:
        return await prepare(sent, vault, plaintext_allowed=False)
    except (RecorderError, *TRANSIENT):
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is: logged, quarantined, and the others go on
        if len(sent) > 1:
            return [meaning for each in sent for meaning in await _bisected([each], vault)]
        Log.exception("record-failed", action=sent[0].readable.id)
        return [failed(type(error).__name__)]


def _plain(sent: Sent, terms: Terms) -> Submission:
    readable = sent.readable
    if readable.refusal is NAMED:  # no plain digest of what has a name in it: it is known by its key alone
        return _submission(sent, UNCOMPARED, None, NAMED)
    digest = hashlib.sha256(readable.body).digest()
    action = readable.action
    if action is not None and erases((action.replacement or action).data):
        action = action.under(terms, sent.sender.name)
    return _submission(sent, digest, action, readable.refusal)


def _sealed(
    sent: Sent, secret: Secret, keys: Mapping[Owner, DataKey], vault: Keys, *, plaintext_allowed: bool
) -> Submission:
    readable = sent.readable
    if secret.owner is not None and secret.owner not in keys:
        refusal = readable.refusal or (erased(secret.owner.person) if plaintext_allowed else PLAINTEXT_SEALED)
        return _submission(sent, UNCOMPARED, None, refusal)
    key = None if secret.owner is None else keys[secret.owner]
    digest = (key or vault).mac(readable.body)
    if readable.action is None or (key is None and secret.thing is None):
        return _submission(sent, digest, readable.action, readable.refusal)
    if key is None or not plaintext_allowed:
        return _submission(sent, digest, None, PLAINTEXT_SEALED)
    return _submission(sent, digest, _seal(readable.action, key), None)


def _through(
    sent: Sent, thing: Key, owned: Mapping[Key, Owner], keys: Mapping[Owner, DataKey], vault: Keys
) -> Submission:
    """What a thing says the owner of: the body's digest is the installation's, whatever is known of the thing."""
    readable = sent.readable
    digest, owner = vault.mac(readable.body), owned.get(thing)
    if readable.action is None or owner is None:
        return _submission(sent, digest, None, readable.refusal or unknown(thing[0], thing[1].partition("/")[2]))
    if owner not in keys:
        return _submission(sent, digest, None, erased(owner.person))
    return _submission(sent, digest, _seal(readable.action, keys[owner]), None)


def _submission(sent: Sent, digest: bytes, action: Action | None, refusal: Rejection | None) -> Submission:
    office, source, ident, type_, *_ = sent.readable
    key = key_digest(office, source, ident)
    return Submission(office, source, ident, type_, digest, key, sent.sender, action, refusal)


# --- what is secret in a body ---


def _secret(readable: Readable) -> Secret | None:
    if readable.refusal is not None and readable.refusal.code in NOT_BINDING:
        return Secret(None)  # no key is made for whom a stranger names
    action = readable.action
    if action is None:
        return _secret_of_refused(readable)
    fact = (action.replacement or action).data
    if not fact.SEALED:
        return None  # nearly all
    if not _texts(fact):
        return Secret(None)
    owner = fact.sealed_for()
    if owner is None:
        return Secret(None, action.key(*fact.owning()))
    return Secret(Owner(readable.office, owner))


def _secret_of_refused(readable: Readable) -> Secret | None:
    """The same from data that don't hold: what is readable of them decides as if they did."""
    if readable.type in ACTIONS and readable.type != _CORRECTION and not ACTIONS[readable.type].SEALED:
        return None
    data = orjson.loads(readable.body)["data"]
    type_: object = readable.type
    if type_ == _CORRECTION:
        given = data.get("replacement") if isinstance(data, dict) else None
        type_, data = (given.get("type"), given.get("data")) if isinstance(given, dict) else (None, given)
    model = ACTIONS.get(type_) if isinstance(type_, str) else None
    if model is None or not isinstance(data, dict):
        return Secret(None)  # a type that nobody knows may have sealed fields
    if not model.SEALED:
        return None
    given = any(data.get(name) is not None for name in model.SEALED)
    person = _person(model, data) if given else None
    return Secret(None if person is None else Owner(readable.office, person))


def _person(model: type[ActionData], data: dict[str, Any]) -> str | None:
    try:
        owner: object = model.model_construct(**data).sealed_for()
    except (AttributeError, TypeError, ValueError):  # whatever the fields hold that ought to name persons
        return None
    return owner if isinstance(owner, str) and _OWNER.fullmatch(owner) else None


# --- sealing ---


def _texts(data: ActionData) -> dict[str, str]:
    """The sealed fields that have a value; a list as one text, a line an item."""
    given = {name: getattr(data, name) for name in data.SEALED}
    return {
        name: value if isinstance(value, str) else "\n".join(value)
        for name, value in given.items()
        if value is not None
    }


def _seal(action: Action, key: DataKey) -> Action:
    if action.replacement is None:
        return _seal_fact(action, key)
    replacement = _seal_fact(action.replacement, key)
    assert isinstance(action.data, CorrectEntry), action.type
    given = action.data.replacement
    blanked = given.model_copy(update={"data": given.data | dict.fromkeys(replacement.sealed, _BLANK)})
    return action._replace(data=action.data.model_copy(update={"replacement": blanked}), replacement=replacement)


def _seal_fact(action: Action, key: DataKey) -> Action:
    texts = _texts(action.data)
    aad = action.event_id(0)
    sealed = {name: key.seal(text, aad) for name, text in texts.items()}
    data = action.data.model_copy(update=dict.fromkeys(texts, _BLANK))
    owner = key.owner.person if sealed else None
    return action._replace(data=data, sealed=sealed, owner=owner, gist=action.data.gist())
