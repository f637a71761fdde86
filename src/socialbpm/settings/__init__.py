"""Settings; ``settings.wiring`` opens what they describe."""

from socialbpm.settings.models import Settings, communities

__all__ = ["Settings", "communities"]
