"""The embedded Kubernetes API server and its controllers."""
