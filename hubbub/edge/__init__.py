"""One session at the edge: a pure machine between lines and work, and the egress gate.

Law: nothing here knows a socket, a clock or another session.
"""
