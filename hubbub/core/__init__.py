"""The chat itself: entries, the state they change, and what comes out.

Law: `apply(state, entry)` is deterministic and does no I/O. Time and identifiers come in with the
entry; nothing here iterates a set, reads a clock or knows which capabilities a client has.
"""
