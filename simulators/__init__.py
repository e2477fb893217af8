"""Appliance physics, households, faults with ground truth, fleets; replay of recorded data."""
