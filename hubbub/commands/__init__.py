"""What a line means: one row a command (design, law 5).

Law: a handler turns a line into work; it holds no state, sends nothing and reads the shared state
only in a Lookup, at its place in the order.
"""
