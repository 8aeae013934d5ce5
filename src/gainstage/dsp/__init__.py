"""Pure functions on tensors: filters, gains, panning, reverb, loudness, spectra."""
