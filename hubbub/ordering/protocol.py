"""What an ordering is, whoever does it.

Law: it knows batches and their numbers, never what is in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hubbub.core.batches import Batch

Deliver = Callable[[Batch], None]
"""Takes the next batch of the order; given to an ordering when it is made."""


class Ordering(Protocol):
    """Puts the batches of all nodes into one order and hands them to `deliver`, one at a time.

    A node submits its batches with numbers that follow one another from 1 in each epoch, one at a
    time: the next after its own last one was delivered. Delivery happens in the submitting call or
    later; when it happens, the batch's place in the order is final.

    With JetStream (see the design, Scale) `submit` will publish the batch to the one stream under
    a message id made of node, epoch and number, so that publishing again after a lost answer makes
    no second one; a consumer that starts behind the store's applied position will call `deliver`
    on the hub's thread, for other nodes' batches as well. While the order can't be had, `submit`
    will raise, and the hub answers the senders as it does when a commit fails.
    """

    def submit(self, batch: Batch) -> None:
        """Asks for the batch to be ordered. Raises ValueError if its number doesn't follow."""
