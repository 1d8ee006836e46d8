"""What every other package builds on: terms, the catalogue, results, limits, strict reading, canonical JSON."""
