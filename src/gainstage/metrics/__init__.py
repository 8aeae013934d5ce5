"""Numbers that tell mixes apart: distances between an estimate and a target, and measures of each."""
