"""The staff's console: its own process, server-rendered, live, speaking only to the HTTP API."""
