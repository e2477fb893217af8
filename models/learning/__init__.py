"""Learning from outcomes: closed tickets and simulated fleets teach which evidence means which fault."""
