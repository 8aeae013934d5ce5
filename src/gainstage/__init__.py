"""Gainstage: a differentiable mixing console and the engineers that drive it."""
