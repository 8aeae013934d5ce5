"""The training loop: the system that Lightning runs, and what stands around it."""
