"""Hubbub: a group chat that one command starts and that speaks IRC with the IRCv3 extensions."""

__version__ = "0.1.0"
