"""The embedded node: kubelet, containers as forked processes, and the network view of a pod."""
