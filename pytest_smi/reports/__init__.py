"""The report folder: written, read, verified, merged, compared, rendered."""
