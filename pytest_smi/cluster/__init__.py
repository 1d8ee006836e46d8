"""The one package of the suite that talks to a Kubernetes API."""
