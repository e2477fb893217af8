"""Scenarios that no diagnosis has to find: rules over readings, events and the calendar, kept as policy."""
