"""What is sent and what was seen, as records: plans and observations. Pure."""
