"""Commands to appliances: consent where it is needed, sending over MQTT, and what became of them."""
