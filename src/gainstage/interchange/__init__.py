"""What carries a mix to other tools, and what comes back from them: each format in a file of its own."""
