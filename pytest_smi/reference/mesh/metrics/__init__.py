"""TrafficMetrics: samples taken by the sidecars, and the aggregated API that answers from them.

Nothing is imported here: a sidecar needs `samples` alone.
"""
