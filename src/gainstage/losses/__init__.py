"""Losses on mixes: `(estimate, target)`, equal inputs give 0, each says what it is deaf to."""
