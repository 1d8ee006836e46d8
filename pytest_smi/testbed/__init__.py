"""The sample application on a cluster: namespaces, workloads, probes, clean-up."""
