"""The compatibility matrix as records: how it is built, read, written and migrated."""
