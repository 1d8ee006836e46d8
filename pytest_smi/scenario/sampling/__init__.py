"""Sequential tests of traffic shares; pure."""
