"""What every ordering has to do, as tests that each implementation's test file takes on."""

from __future__ import annotations

from abc import abstractmethod

import pytest

from hubbub.core.batches import Batch
from hubbub.core.entries import TimePassed
from hubbub.core.ids import NO_SESSION
from hubbub.ordering.protocol import Deliver, Ordering


def batch(number: int, epoch: int = 1, node: int = 0) -> Batch:
    return Batch(node, epoch, number, 1_000, (TimePassed(NO_SESSION),))


class OrderingConformance:
    """Subclass it as a `Test...` class and say how an ordering is made.

    One that delivers later also says in `settle` how to wait until it has.
    """

    @abstractmethod
    def make(self, deliver: Deliver) -> Ordering:
        """A fresh ordering with nothing in it."""

    def settle(self, ordering: Ordering) -> None:
        """Returns when all that was submitted was delivered."""

    def submitted(self, *batches: Batch) -> list[Batch]:
        delivered: list[Batch] = []
        ordering = self.make(delivered.append)
        for item in batches:
            ordering.submit(item)
            self.settle(ordering)
        return delivered

    def test_batches_are_delivered_once_and_in_order(self) -> None:
        batches = [batch(1), batch(2), batch(3)]
        assert self.submitted(*batches) == batches

    def test_a_later_epoch_begins_anew(self) -> None:
        batches = [batch(1), batch(2), batch(1, epoch=3), batch(2, epoch=3)]
        assert self.submitted(*batches) == batches

    @pytest.mark.parametrize(
        "wrong", [batch(1), batch(2), batch(4), batch(2, epoch=2), batch(3, epoch=0)]
    )
    def test_a_number_that_does_not_follow_is_refused(self, wrong: Batch) -> None:
        delivered: list[Batch] = []
        ordering = self.make(delivered.append)
        ordering.submit(batch(1))
        self.settle(ordering)
        ordering.submit(batch(2))
        self.settle(ordering)
        with pytest.raises(ValueError, match="follow"):
            ordering.submit(wrong)
        ordering.submit(batch(3))
        self.settle(ordering)
        assert delivered == [batch(1), batch(2), batch(3)]

    def test_the_first_number_is_one(self) -> None:
        with pytest.raises(ValueError, match="follow"):
            self.make(lambda _: None).submit(batch(2))
