"""The one SQLite file that is the whole server: its state, its history and its journal.

Law: what a batch changed, recorded and was is committed in one transaction, or not at all.
"""
