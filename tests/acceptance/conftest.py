"""What people meet: samples replayed, processes killed at every step, pages in a real browser."""

from tests.browsers import chromium
from tests.commands import folder, socialbpm

__all__ = ["chromium", "folder", "socialbpm"]
