"""Settings, and the opening of what they describe."""

from socialbpm.settings.models import Settings, communities
from socialbpm.settings.wiring import open_, wire

__all__ = ["Settings", "communities", "open_", "wire"]
