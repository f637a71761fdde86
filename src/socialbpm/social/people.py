"""The front door's side for people: who takes part, their personal links, their accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socialbpm.errors import NotFound
from socialbpm.social.rooms import Rooms
from socialbpm.tasks.notation import did_you_mean

if TYPE_CHECKING:
    from socialbpm.accounts import Code, Linking
    from socialbpm.people import Account

LOCAL = "local"  # everybody on a roll can answer by the local channel, under their own name


class People:
    """What ``Social`` knows of people."""

    rooms: Rooms

    def people(self) -> list[str]:
        """Everybody who is on a roll, and the operators."""
        communities = self.rooms.communities.values()
        members = {member.person for community in communities for member in community.roll}
        return sorted(members | self.rooms.operators)

    def link(self, person: str, path: str = "/") -> str:
        """The personal link that signs ``person`` in to the local channel's pages, for a fortnight.

        Raises NotFound for a person who is on no roll.
        """
        from socialbpm.web.session import LINK_LIFETIME, Signer

        if person not in self.people():
            raise NotFound(f"'{person}' is in no community; {did_you_mean(person, self.people())}")
        token = Signer(self.rooms.secret).link(person, path, self.rooms.clock.now() + LINK_LIFETIME)
        return f"{self.rooms.base_url.rstrip('/')}/enter/{token}"

    def accounts(self, person: str) -> list[Account]:
        """The accounts that answer for ``person``: those of the rolls, and those that were linked."""
        return self.rooms.accounts.of(person)

    def link_code(self, person: str) -> Code:
        """A code that ``person``, who is known here, says with another account of theirs, within minutes.

        Raises NotFound for who is in no community, StateError for who has asked too often.
        """
        return self.rooms.accounts.code(person)

    def link_account(self, channel: str, account: str, code: str) -> Linking:
        """``account`` of ``channel`` has said ``code``: what came of it.

        The first code gives a second one, to be said where the first was asked for; that links the account.
        A code that is wrong, over, used or somebody else's links nothing, and the reason says why. Adapters
        hand such a code in as a response with ``code``; ``new`` asks for one.
        """
        return self.rooms.accounts.say(channel, account, code)

    def confirm_link(self, person: str, code: str) -> Linking:
        """As ``link_account`` for who says the second code on the local pages."""
        return self.rooms.accounts.say(LOCAL, person, code)

    def unlink(self, channel: str, account: str) -> None:
        """The account answers for nobody but itself again, also in the requests that are open.

        Raises NotFound if it is linked to nobody, StateError if a roll says whose it is.
        """
        self.rooms.accounts.unlink(channel, account)
