"""Causes that recur across a model: one issue for those who make it, however many tickets it takes.

A campaign answers what breaks at the same time somewhere; this, what breaks again and again everywhere.
"""
