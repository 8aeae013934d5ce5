"""REAPER projects: with our own processors as JSFX effects beside them, or of gains and rendered stems."""
