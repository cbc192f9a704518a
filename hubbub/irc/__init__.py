"""The wire: lines, tags, names, masks, numerics and mode tables, as pure functions and values.

Nothing here knows a socket, a clock, the state of the chat, logging or chance.
"""
