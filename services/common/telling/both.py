"""A sentence in both languages, from one list of words."""

from dataclasses import dataclass

from services.common.commands import Lang, Words


@dataclass(frozen=True, slots=True)
class Both:
    """The same in English and in Chinese; as text it is English. ``word``: which of its list's it is."""

    en: str
    zh: str
    word: str = ""

    def __str__(self) -> str:
        return self.en

    def spoken(self, lang: Lang) -> str:
        """In that language."""
        return self.zh if lang is Lang.ZH else self.en


def both(words: Words, word: str, /, **values: object) -> Both:
    """The sentence of that word; a value that is itself in both languages goes into each in its own."""
    return Both(_filled(words, word, Lang.EN, values), _filled(words, word, Lang.ZH, values), word)


def _filled(words: Words, word: str, lang: Lang, values: dict[str, object]) -> str:
    own = {name: value.spoken(lang) if isinstance(value, Both) else value for name, value in values.items()}
    return words[lang][word].format(**own)
