-- What grows with history: found by time when it expires, and asked without reading all of it.

-- "Is there a newer status?" and "has it ever told its status?" are asked with every batch of messages.
CREATE INDEX device_event_status ON device_event (device_id, received_at) WHERE kind = 'status';

-- Rows arrive about in the order of their times: a few kilobytes of index find those that are too old.
CREATE INDEX device_event_time ON device_event USING brin (time) WITH (autosummarize = on);
CREATE INDEX expected_band_time ON expected_band USING brin (time) WITH (autosummarize = on);
CREATE INDEX telemetry_conflict_time ON telemetry_conflict USING brin (time) WITH (autosummarize = on);
CREATE INDEX dead_letter_received ON dead_letter USING brin (received_at) WITH (autosummarize = on);
