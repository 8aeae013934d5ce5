"""A trained network as files that other tools read."""
