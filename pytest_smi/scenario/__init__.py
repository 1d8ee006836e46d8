"""What assertions are written with: servers and clients, SMI objects, and claims about the traffic."""
