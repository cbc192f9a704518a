"""The single writer orders as every ordering does, and at once."""

import pytest

from hubbub.core.batches import Batch
from hubbub.ordering.embedded import Embedded
from hubbub.ordering.protocol import Deliver, Ordering
from tests.ordering.conformance import OrderingConformance, batch


class TestEmbedded(OrderingConformance):
    def make(self, deliver: Deliver) -> Ordering:
        return Embedded(deliver)

    def test_it_goes_on_after_the_last_batch_that_was_kept(self) -> None:
        delivered: list[Batch] = []
        Embedded(delivered.append, last=(1, 6)).submit(batch(7))
        assert delivered == [batch(7)]
        with pytest.raises(ValueError, match=r"1\.6 doesn't follow 1\.6"):
            Embedded(delivered.append, last=(1, 6)).submit(batch(6))

    def test_a_batch_that_could_not_be_delivered_may_come_again(self) -> None:
        class Refused(Exception):
            pass

        attempts: list[Batch] = []

        def deliver(item: Batch) -> None:
            attempts.append(item)
            if len(attempts) == 1:
                raise Refused

        ordering = Embedded(deliver)
        with pytest.raises(Refused):
            ordering.submit(batch(1))
        ordering.submit(batch(1))
        ordering.submit(batch(2))
        assert attempts == [batch(1), batch(1), batch(2)]
