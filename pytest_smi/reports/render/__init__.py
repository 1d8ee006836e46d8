"""Ways to show a matrix: pure functions from records to text."""
