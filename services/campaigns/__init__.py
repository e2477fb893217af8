"""Campaigns: a cause common to a region, a firmware or a model is one matter, not a thousand tickets."""
