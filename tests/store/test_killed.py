"""A server that is killed in the middle of commits has kept all that it said was kept."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from hubbub.core.history import InRoom, Page
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.store.store import open_store
from tests.store.making import RULES

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from hubbub.store.store import open_store
from tests.store.making import commit, said
store = open_store(Path(sys.argv[1]))
number = store.position
while True:
    number += 1
    changes = {"counters": {("n",): ("n", number)}}
    store.commit(commit(number, [said(2 * number, "x" * 700), said(2 * number + 1)], changes))
    print(number, flush=True)
"""


def killed_after(path: Path, commits: int) -> int:
    """The last commit that a writer acknowledged; it is killed after it acknowledged `commits`."""
    last = 0
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        for count, line in enumerate(writer.stdout, 1):
            last = int(line)
            if count == commits:
                writer.kill()
    return last


def test_what_was_acknowledged_is_there(path: Path) -> None:
    everything = Page(conversation=InRoom(RoomId(1), Place(0)), limit=1_000_000)
    acknowledged = 0
    # The last run goes beyond a thousand pages of write-ahead log, so a checkpoint is among it.
    for commits in (1, 2, 7, 40, 700):
        acknowledged = killed_after(path, commits)
        with closing(open_store(path)) as store:
            assert acknowledged <= store.position <= acknowledged + 1
            assert store.load(RULES).counter("n") == store.position
            places = [row.place - FIRST_PLACE for row in store.answer(everything)]
            assert places == list(range(2, 2 * store.position + 2))
            assert [number for number, _ in store.journal()] == [*range(1, store.position + 1)]
    assert acknowledged >= 750
