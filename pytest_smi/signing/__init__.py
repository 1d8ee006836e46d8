"""Keys, envelopes and statements: who vouches for a matrix."""
