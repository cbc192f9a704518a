"""Two names that look the same have the same skeleton, whatever letters they are made of.

Law: a pure function of the name and of the table in this version, so whatever is kept or decided
goes by a skeleton that came with an entry. It is for comparing only; people never see it.
Specification: https://www.unicode.org/reports/tr39/#Confusable_Detection, with two differences: what
NFKC takes for the same is the same, and "rn" is not taken for "m".
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from hubbub.irc.confusables import GROUPS
from hubbub.irc.names import fold


def _table() -> dict[int, str]:
    words = iter(GROUPS.split(" "))
    return {ord(form): target for target, forms in zip(words, words, strict=True) for form in forms}


_STANDS_FOR: Final = _table()


@lru_cache(maxsize=8192)
def skeleton(name: str) -> str:
    """What names that look like this one have in common: "аnn" and "ann", "b0b" and "bob"."""
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name))
    return fold(unicodedata.normalize("NFD", apart.translate(_STANDS_FOR)))
