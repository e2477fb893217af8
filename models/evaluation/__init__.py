"""How the models are scored on recorded data: pure functions over arrays."""
