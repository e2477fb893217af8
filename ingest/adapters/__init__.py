"""Other people's devices: one pure module for each system."""
