"""The pages of the local channel, the live feed, the webhooks and the health checks, as one ASGI app."""

from socialbpm.web.application import create_app

__all__ = ["create_app"]
