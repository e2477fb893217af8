"""Webhooks: whoever wants to know is told by HTTP, signed, again until it is taken, and never two ways.

One mechanism for subscriptions of the API and for the two hooks of the settings (messages to people, use
events for a partner). docs/webhooks.md is for those who receive.
"""
