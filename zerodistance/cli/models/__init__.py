"""``zerodistance models``: learned models."""
