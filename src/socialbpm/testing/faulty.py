"""A channel that fails when it is told to, in front of a real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from socialbpm.channels.base import Batch, Channel, Inbound, RawEvent
from socialbpm.errors import OutcomeUnknown, Rejected, TemporaryFailure
from socialbpm.posts import Destination, Post, Receipt
from socialbpm.testing.replay_file import Fault


@dataclass
class Faults:
    """Which of the next writes fail, by destination; shared by all channels of a replay and kept over
    restarts.
    """

    planned: list[tuple[frozenset[Destination], Fault]] = field(default_factory=list)

    def plan(self, destinations: frozenset[Destination], fault: Fault, times: int) -> None:
        """The next ``times`` writes to any of these destinations fail so."""
        self.planned += [(destinations, fault)] * times

    def next(self, destination: Destination) -> Fault | None:
        """The fault that a write there meets now, if any; it is used up."""
        for number, (destinations, fault) in enumerate(self.planned):
            if destination in destinations:
                del self.planned[number]
                return fault
        return None

    def in_front_of(self, real: Channel) -> Channel:
        """``real``, failing as planned."""
        return _Faulty(real, self)


class _Faulty(Channel):
    """Writes go through the plan; all the rest is the real channel's."""

    def __init__(self, real: Channel, faults: Faults) -> None:
        super().__init__(real.connection)
        self.capabilities = real.capabilities
        self._real, self._faults = real, faults

    def publish(self, post: Post) -> Receipt:
        return self._write(post, self._real.publish)

    def edit(self, receipt: Receipt, post: Post) -> Receipt:
        return self._write(post, lambda changed: self._real.edit(receipt, changed))

    def delete(self, receipt: Receipt) -> None:
        self._real.delete(receipt)

    def find(self, post: Post) -> Receipt | None:
        return self._real.find(post)

    def private_room(self, account: str) -> str:
        return self._real.private_room(account)

    def receive(self, event: RawEvent) -> Inbound:
        return self._real.receive(event)

    def collect(self, cursor: str) -> Batch:
        return self._real.collect(cursor)

    def _write(self, post: Post, real: Callable[[Post], Receipt]) -> Receipt:
        match self._faults.next(post.destination):
            case None:
                return real(post)
            case Fault.REJECTED:
                raise Rejected("refused, as the replay says", channel=self.name, status=422)
            case Fault.TEMPORARY:
                raise TemporaryFailure("not now, as the replay says", channel=self.name, status=503)
            case Fault.DROPPED:
                real(post)
        raise OutcomeUnknown("the answer got lost, as the replay says", channel=self.name)
