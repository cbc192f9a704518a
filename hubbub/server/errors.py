"""Errors that the person who runs the server reads: a sentence on what happened, and what to do next."""


class OperatorError(Exception):
    """Something outside the program is wrong (a file, a port, a setting) and a person can put it right.

    Its text is shown as it is, without a traceback; it never describes a bug of ours.
    """
