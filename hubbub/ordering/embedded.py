"""The order of a server that is alone: first come, first served.

Law: what is submitted is delivered at once.
"""

from __future__ import annotations

from hubbub.core.batches import Batch
from hubbub.ordering.protocol import Deliver


class Embedded:
    """The single writer. An Ordering.

    `last` is the epoch and number of the last batch that was kept, so that a node goes on where it
    was; without one, the first batch says which epoch it is.
    """

    def __init__(self, deliver: Deliver, last: tuple[int, int] = (0, 0)) -> None:
        self._deliver = deliver
        self._epoch, self._number = last

    def submit(self, batch: Batch) -> None:
        """Delivers the batch before it returns.

        Raises ValueError for a number that doesn't follow: one more in the same epoch, 1 in a later
        one. What `deliver` raises comes through, and the same batch may then be submitted again.
        """
        new_epoch = batch.epoch > self._epoch
        expected = 1 if new_epoch else self._number + 1
        if batch.epoch < self._epoch or batch.number != expected:
            raise ValueError(
                f"batch {batch.epoch}.{batch.number} doesn't follow {self._epoch}.{self._number}"
            )
        self._deliver(batch)
        self._epoch, self._number = batch.epoch, batch.number
