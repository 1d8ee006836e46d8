"""The Service Mesh Interface as records, and their rendering into the API versions that meshes serve."""
