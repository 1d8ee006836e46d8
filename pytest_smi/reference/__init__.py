"""The embedded reference: a small Kubernetes and a service mesh that implements SMI.
It imports nothing of the suite."""
