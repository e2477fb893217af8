"""Dispatch: who suits a ticket, which windows an owner can be offered, and the order of an engineer's day."""
