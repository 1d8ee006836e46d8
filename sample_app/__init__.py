"""The sample application: server, journal and prober that run in the pods."""

__version__ = "0.1.0"
