"""Consumers of the log: write to the store, run the models, keep dead letters, replay."""
