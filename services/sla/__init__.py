"""Service levels: the clock that runs on working calendars, stands still on hold, warns and escalates."""
