"""Whether what was read is its sender's to send; the same by either door."""

from services.common.tokens.grants import Grant
from services.recorder.intake.reading import Readable


def allowed(sender: Grant, readable: Readable) -> bool:
    """Whether a grant reaches an action, and what it puts in another's place.

    What it takes back is looked at when it is decided: only the ledger knows it.
    """
    replacement = None if readable.action is None else readable.action.replacement
    types = (readable.type,) if replacement is None else (readable.type, replacement.type)
    return all(sender.may_publish(readable.office, readable.source, type_) for type_ in types)
