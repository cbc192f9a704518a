"""What a person asked for and can't have now."""

BREAKERS = frozenset(" ,\r\n\0\x07")
"""What no room, no person and no password on the wire has in it."""


class IntentError(Exception):
    """What was asked of the connection can't be done now; the text is for the person."""
