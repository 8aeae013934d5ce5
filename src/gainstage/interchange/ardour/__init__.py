"""Ardour 7 sessions: written with our own processors in them or with stock plug-ins, and read back."""
