"""The service side: devices, tickets, messages, commands, insights, API, console and owner's page."""
