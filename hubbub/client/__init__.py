"""The client's room: a sans-I/O connection model, and the plain client that stands on it.

`connection`, `events` and what they use do no I/O and know no clock; `network` is the thin asyncio
adapter; `terminal` and `pipe` are two front ends of the same model.
"""
