"""The sidecar's data plane: sniffing, HTTP/1.1, HTTP/2, opaque TCP and UDP, and the mutual TLS hop between sidecars."""
