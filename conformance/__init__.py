"""The assertions of the Service Mesh Interface, one function per requirement."""
