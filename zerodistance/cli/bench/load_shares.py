"""What the load of ``zerodistance bench api`` asks for; apart, because its process and ours read it."""

from __future__ import annotations

# The endpoints that are reported, and how many of a hundred requests go to each.
SHARES = {
    "ticket list": 30,
    "ticket list, next page": 8,
    "ticket list, closed": 4,
    "ticket page": 33,
    "evidence": 5,
    "device list": 8,
    "device search": 4,
    "device page": 8,
}
REFERENCE = "health"
