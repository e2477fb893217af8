#!/bin/sh
# Makes or renews the platform's accounts at the broker; those of devices stay as they are.
set -eu
file="${PASSWORD_FILE:-/mosquitto/data/passwords}"
umask 077
[ -e "$file" ] || : > "$file"
mosquitto_passwd -b "$file" zerodistance "${MQTT_PASSWORD:?}"
if [ -n "${MQTT_SIMULATOR_PASSWORD:-}" ]; then
    mosquitto_passwd -b "$file" simulator "$MQTT_SIMULATOR_PASSWORD"
fi
