-- What the store's consumer needs beside the core tables.

-- Samples of a type that has no table yet, whole; they move to their table once it is migrated.
CREATE TABLE parked_sample (
    id        bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    type      text NOT NULL,
    device_id text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    sample    bytea NOT NULL -- one sample as on the log
);
CREATE INDEX parked_sample_type ON parked_sample (type, id);

-- Ranges of telemetry whose rollups are behind the rows. One row for a table and hour, however often it
-- is touched, so that a busy hour costs one refresh.
CREATE TABLE dirty_range (
    type       text NOT NULL,
    hour       timestamptz NOT NULL CHECK (hour = date_trunc('hour', hour, 'UTC')),
    marked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (type, hour)
);
CREATE INDEX dirty_range_age ON dirty_range (marked_at);

-- A device's entry in the registry changes rarely, the row often (last_seen_at): readers ask for entries
-- whose transaction is not older than the oldest one that ran when they last asked, and so miss none.
ALTER TABLE device ADD COLUMN registry_xact xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX device_registry_xact ON device (registry_xact);
CREATE FUNCTION stamp_registry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.registry_xact := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER device_stamp_registry BEFORE UPDATE OF tenant_id, type, gateway_id, retired_at ON device
    FOR EACH ROW WHEN (
        (OLD.tenant_id, OLD.type, OLD.gateway_id, OLD.retired_at)
        IS DISTINCT FROM (NEW.tenant_id, NEW.type, NEW.gateway_id, NEW.retired_at))
    EXECUTE FUNCTION stamp_registry();
