"""MQTT in, validated records on the log out."""
