"""Settings, and the opening of what they describe."""

from socialbpm.settings.models import Settings, communities
from socialbpm.settings.wiring import capabilities, open_, wire

__all__ = ["Settings", "capabilities", "communities", "open_", "wire"]
