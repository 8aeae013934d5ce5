"""The mixing console: its strips, buses and parameters, and the session that stores a mix of it."""
