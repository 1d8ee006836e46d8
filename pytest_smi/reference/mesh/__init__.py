"""The reference service mesh: control plane, sidecar, SMI policy and splits, metrics, faults.

It knows the cluster by its API alone.
"""
