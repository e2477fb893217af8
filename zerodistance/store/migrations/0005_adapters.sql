-- Other people's devices: what the adapters of ingest have learnt, and which reading is which channel.

-- Birth certificates, discovery, attributes: the message that taught them may not come again. Text, not
-- jsonb: it holds what strangers sent.
CREATE TABLE adapter_memory (
    kind       text NOT NULL,
    key        text NOT NULL,
    value      text NOT NULL, -- JSON
    PRIMARY KEY (kind, key)
);

-- Chosen at adoption or later; a reading that is not here is placed by its name, device class and unit.
CREATE TABLE adapter_mapping (
    device_id  text NOT NULL REFERENCES device ON DELETE CASCADE,
    reading    text NOT NULL CHECK (reading <> ''),
    channel    text NOT NULL,             -- '' for a reading that nobody wants
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (device_id, reading)
);
CREATE INDEX adapter_mapping_changed ON adapter_mapping (changed_at);
