"""What the suite knows of each mesh, as data, and how it is read."""
