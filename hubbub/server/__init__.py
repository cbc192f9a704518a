"""The server: the hub that owns the shared state, its sockets, and what an operator touches."""
