"""Devices as the service side reads them."""
