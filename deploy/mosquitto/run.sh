#!/bin/sh
# Runs Mosquitto, and has it read passwords, rules, certificates and revocation list again whenever
# `zerodistance broker-access` has written them: then the file "generation" changes, as the last of all.
set -u
conf="${MOSQUITTO_CONF:-/mosquitto/config/mosquitto.conf}"
generation="${ACCESS_FOLDER:-/mosquitto/access}/generation"

# Before the broker reads the files: what is written meanwhile is read once too often, and never missed.
seen=$(cat "$generation" 2>/dev/null)
mosquitto -c "$conf" &
broker=$!
trap 'kill -TERM "$broker"' TERM INT

while kill -0 "$broker" 2>/dev/null; do
    sleep 1 &
    wait $!
    now=$(cat "$generation" 2>/dev/null)
    if [ "$now" != "$seen" ]; then
        seen=$now
        kill -HUP "$broker"
    fi
done
wait "$broker"
