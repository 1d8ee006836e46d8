"""Real traffic: plans written to probers, observations read back, journals that say what arrived."""
