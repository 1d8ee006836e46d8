"""What a sidecar notes for the metrics API. Pure; on the path of every new tunnel."""


class Noted:
    """Chooses among what passes: HTTP requests are noted always, and answered; these are the others."""

    def tunnels(self) -> bool:
        """Return whether an opaque connection is noted: never, since metrics are of HTTP."""
        return False
