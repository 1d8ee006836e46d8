"""The reference service mesh: control plane, sidecar proxy, SMI policy and splits, metrics, faults; a client of the Kubernetes API alone."""
