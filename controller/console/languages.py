"""The console's words: one locale file a language, and which of them a reader gets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

LANGUAGES = ("zh", "en")
DEFAULT = "zh"
COOKIE = "language"


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of one language by key."""

    language: str
    phrases: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Say something.

        Args:
            key: Name of the phrase.
            values: What stands in its braces.

        Returns:
            The phrase.

        Raises:
            KeyError: There is no such phrase.
        """
        phrase = self.phrases[key]
        return phrase.format(**values) if values else phrase

    def maybe(self, key: str, otherwise: str) -> str:
        """Say something that may have no phrase, such as a quantity of the site's own.

        Args:
            key: Name of the phrase.
            otherwise: What to say without one.

        Returns:
            The phrase.
        """
        return self.phrases.get(key, otherwise)

    def of(self, text: object) -> str:
        """Choose this language of a text that has both, such as an alarm's.

        Args:
            text: With attributes `zh` and `en`.

        Returns:
            The text.
        """
        return str(getattr(text, self.language))

    def engine(self, text: str) -> str:
        """Say what the engine has said in English.

        Args:
            text: The engine's words.

        Returns:
            The same in this language.
        """
        from controller.engine_words import in_chinese

        return in_chinese(text) if self.language == "zh" else text


@cache
def words(language: str) -> Words:
    """Give a language's words.

    Args:
        language: One of LANGUAGES.

    Returns:
        The words.
    """
    file = resources.files("controller.console").joinpath("locales", f"{language}.json")
    return Words(language, json.loads(file.read_text(encoding="utf-8")))


def chosen_language(cookie: str | None, accepted: str | None) -> str:
    """Choose a reader's language.

    Args:
        cookie: What the reader has chosen before, if anything.
        accepted: The browser's Accept-Language.

    Returns:
        One of LANGUAGES.
    """
    if cookie in LANGUAGES:
        return str(cookie)
    for part in (accepted or "").split(","):
        name = part.split(";")[0].strip().lower().split("-")[0]
        if name in LANGUAGES:
            return name
    return DEFAULT
