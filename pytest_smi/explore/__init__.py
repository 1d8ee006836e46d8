"""The search for a policy that a mesh gets wrong: random worlds, held against the oracle over real traffic."""
