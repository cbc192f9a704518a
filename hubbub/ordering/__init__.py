"""Who comes first: one order of batches for everybody.

Law: every batch that is delivered anywhere is delivered everywhere, once, in the same order.
"""
