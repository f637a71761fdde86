"""Codes that people say to show that two accounts are theirs. The store knows only their hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

LIFE = timedelta(minutes=15)
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 and O, no 1, I and L: they look alike
LENGTH, HALF = 8, 4  # some 40 bits, for minutes, with five guesses an hour
ASK = "new"
"""What a person says, where they are known, to get a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code to be said until ``expires_at``, once."""

    code: str
    expires_at: datetime


def fresh() -> str:
    """A code that nobody can guess, in two halves that people can type."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    return f"{letters[:HALF]}-{letters[HALF:]}"


def digest(secret: bytes, said: str) -> str:
    """What the store keeps of a code. Keyed, for so short a code could be found from a plain hash."""
    letters = "".join(sign for sign in said.upper() if sign.isalnum())
    return hmac.new(secret, b"link\n" + letters.encode(), hashlib.sha256).hexdigest()
