"""pytest-smi: a conformance suite for the Service Mesh Interface, as a pytest plugin."""

__version__ = "0.1.0"
