"""What breaks in production, broken on purpose: nothing may be lost, nothing doubled."""
