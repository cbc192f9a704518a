"""One replay of a journal, as a program: prints what came out and what the state is then.

python tests/faults/replaying.py JOURNAL [SNAPSHOT]
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hubbub.core.apply import apply, begin
from hubbub.core.rules import Rules
from hubbub.core.state import State
from hubbub.core.tables import COLUMNS, dump, load
from hubbub.store.store import Store, open_store


def genesis(store: Store) -> State:
    """The state before the store's first entry."""
    return load(store.log_id, Rules(), {table: [] for table in COLUMNS})


def replay(store: Store, state: State, after: int) -> Iterator[str]:
    """Applies the journal's batches beyond a position; each output as text."""
    for position, batch in store.journal(after):
        begin(state, batch)
        for entry in batch.entries:
            for output in apply(state, entry):
                yield f"{position} {output!r}"
        # The hub takes a batch's changes once it is applied, and that sets the clock and the place.
        state.take_changes()


def main(journal: str, snapshot: str = "") -> None:
    """Prints the number of outputs, their digest, and the state's rows."""
    with closing(open_store(Path(journal))) as store:
        after, state = 0, genesis(store)
        if snapshot:
            with closing(open_store(Path(snapshot))) as earlier:
                after, state = earlier.position, earlier.load(Rules())
        digest, count = hashlib.sha256(), 0
        for line in replay(store, state, after):
            digest.update(line.encode() + b"\n")
            count += 1
        print(count, digest.hexdigest())
        for row in dump(state):
            print(row)


if __name__ == "__main__":
    main(*sys.argv[1:])
