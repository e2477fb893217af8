-- Ingest asks every second whether a device was adopted whose letters wait: found by device, however many
-- letters of strangers there are.
CREATE INDEX dead_letter_waiting ON dead_letter (device_id, received_at)
    WHERE reason = 'unknown_device' AND replayed_at IS NULL AND dropped_at IS NULL;
