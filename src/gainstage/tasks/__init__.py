"""How a batch becomes input, estimate and target."""
