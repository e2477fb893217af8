"""Access of devices to the broker: secrets, certificates, and the files that tell Mosquitto of them."""
