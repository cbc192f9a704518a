"""The defaults as text: a documented TOML file, and the tables of docs/configuration.md.

What is printed loads back to what was printed, for any configuration.
"""

import inspect
import json
import textwrap

from hubbub.server.config import Config, Row, rows
from hubbub.server.config_file import CONFIG_FILE

_HEADER = f"""\
# Hubbub's configuration: every setting with its default. A line that is left out, or begins with
# a '#', keeps its default. Keep this file as {CONFIG_FILE} in the data directory, or name it
# with --config; `hubbub config --check FILE` says whether it is right.
"""


def render(config: Config | None = None) -> str:
    """A whole configuration file with a comment at each setting; None is the defaults."""
    config = config or Config()
    lines = [_HEADER]
    section = ""
    for row in rows():
        if row.section != section:
            section = row.section
            meaning = inspect.getdoc(getattr(config, section)) or ""
            lines.append(f"\n[{section}]\n# {meaning}\n")
        comment = " ".join(filter(None, [row.about.help, _range_note(row)]))
        lines += [f"# {line}\n" for line in textwrap.wrap(comment, 96)]
        lines.append(f"{row.key} = {toml_value(getattr(getattr(config, section), row.key))}\n")
    return "".join(lines)


def markdown(section: str) -> str:
    """One section's settings as a Markdown table, as it stands in docs/configuration.md."""
    lines = ["| setting | default | allowed | meaning |", "|---|---|---|---|"]
    for row in rows():
        if row.section == section:
            default = row.about.default_text or f"`{toml_value(row.default)}`"
            lines.append(f"| `{row.key}` | {default} | {_allowed(row)} | {row.about.help} |")
    return "\n".join(lines) + "\n"


def toml_value(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            # JSON's escapes are TOML's, but for DEL, which TOML wants escaped as well.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case int() | float():
            return repr(value)
        case _:
            raise TypeError(f"no setting has a {type(value).__name__}")


def _range_note(row: Row) -> str:
    allowed = _allowed(row).replace("`", "" if isinstance(row.default, bool) else '"')
    return f"({allowed})" if allowed != "text" and allowed != "list of texts" else ""


def _allowed(row: Row) -> str:
    about = row.about
    if about.choices:
        return ", ".join(f"`{choice}`" for choice in about.choices)
    if about.low is not None and about.high is not None:
        return f"{about.low} to {about.high} {about.unit}".rstrip()
    if isinstance(row.default, bool):
        return "`true`, `false`"
    return "list of texts" if isinstance(row.default, tuple) else "text"
