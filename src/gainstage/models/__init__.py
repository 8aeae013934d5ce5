"""Networks that hear tracks and set a console."""
