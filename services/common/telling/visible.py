r"""Characters that people can't see and that yet do something: to a terminal, to the order of a text, to a line.

Controls (C0 and C1, DEL), what turns the direction of text around (Unicode's Bidi_Control), and the separators of lines
and paragraphs. What comes in with one of them is refused; what goes out to people has it written out, as \u202e.
"""

import re
from typing import Final

UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_BREAKS: Final = re.compile("[\t\n\r]+")


def unseen(text: str, *, breaks: bool = False) -> str | None:
    """The first such character, as U+202E; None where there is none. ``breaks``: tabs and ends of lines are fine."""
    if text.isprintable():
        return None
    found = UNSEEN.search(_BREAKS.sub(" ", text) if breaks else text)
    return found and f"U+{ord(found[0]):04X}"


def visible(text: str) -> str:
    """The text with all of them written out, as JSON would."""
    return text if text.isprintable() else UNSEEN.sub(_written, text)


def all_visible(value: object) -> object:
    """The same of every text in what JSON holds."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(name): all_visible(item) for name, item in value.items()}
    return [all_visible(item) for item in value] if isinstance(value, list) else value


def _written(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
