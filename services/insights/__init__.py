"""Insights: what the way an appliance is used says to its owner, with what to do about it."""
