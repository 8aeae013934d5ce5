"""Exact recurrences with their adjoints; the backend is chosen by device in one place."""
