"""Makes hubbub/irc/confusables.py of the Unicode consortium's table, as a library carries it.

    python -m tests.irc.confusable_table > hubbub/irc/confusables.py

The library has a million bytes of JSON to read, and pairs instead of skeletons; what a server needs
of it is a fraction, and must not change under a log that is kept.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

LINE: Final = 92
HEADER: Final = '''"""Which characters look alike. Made by tests/irc/confusable_table.py: don't edit.

Law: a change here is one of the names that people may take; skeletons that are kept stay as they are.
Source: https://www.unicode.org/Public/security/latest/confusables.txt, without what NFKC undoes.
"""

from __future__ import annotations

from typing import Final

GROUPS: Final = (
'''

# Characters of these blocks NFKC makes others of (presentation forms, mathematical letters, ...).
_UNDONE: Final = (
    (0x2460, 0x24FF),
    (0x2F00, 0x2FDF),
    (0x3200, 0x33FF),
    (0xF900, 0xFDFF),
    (0xFE70, 0xFFEF),
    (0x1D400, 0x1D7FF),
    (0x1EE00, 0x1EEFF),
    (0x1F100, 0x1F1FF),
    (0x2F800, 0x2FA1F),
)


def classes() -> list[list[str]]:
    """What looks alike, character or sequence, each in one list."""
    text = (files("confusable_homoglyphs") / "confusables.json").read_text(encoding="utf-8")
    parents: dict[str, str] = {}

    def root(form: str) -> str:
        while parents.setdefault(form, form) != form:
            form = parents[form]
        return form

    for form, others in json.loads(text).items():
        for other in others:
            one, two = (root(each.replace("\u200e", "")) for each in (form, other["c"]))
            parents[one] = two
    found: dict[str, list[str]] = {}
    for form in parents:
        found.setdefault(root(form), []).append(form)
    return list(found.values())


def table() -> dict[str, str]:
    """For each character the form that stands for all that look so: an ASCII letter, if one does."""
    made: dict[str, str] = {}
    for alike in classes():
        target = min(
            alike,
            key=lambda form: (
                not form.isascii(),
                len(form),
                not ("a" <= form <= "z"),
                not ("A" <= form <= "Z"),
                form,
            ),
        )
        for form in alike:
            undone = any(first <= ord(form[0]) <= last for first, last in _UNDONE)
            if len(form) == 1 and form != target and form > " " and not undone:
                made[form] = target
    return {form: "".join(made.get(part, part) for part in made[form]) for form in sorted(made)}


def source() -> str:
    """The module's text."""
    groups: dict[str, str] = {}
    for form, target in table().items():
        if " " not in target:
            groups[target] = groups.get(target, "") + form
    text = "".join(f"{target} {forms} " for target, forms in sorted(groups.items()))
    lines = [""]
    for character in text.rstrip():
        escaped = character.encode("unicode_escape").decode().replace('"', '\\"')
        if len(lines[-1]) + len(escaped) > LINE:
            lines.append("")
        lines[-1] += escaped
    return HEADER + "".join(f'    "{line}"\n' for line in lines) + ")\n"


if __name__ == "__main__":
    print(source(), end="")
