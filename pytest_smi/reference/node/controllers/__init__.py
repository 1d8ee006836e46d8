"""The controllers of the embedded cluster: deployments, replica sets, endpoints, namespaces.

Each reads and writes the store.
"""
