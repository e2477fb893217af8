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

-- Ranges of telemetry whose rollups are behind the rows. A queue, not a set: a writer that found its range
-- marked already would leave no mark of its own, and a refresh that does not see its rows yet would take
-- the old mark away.
CREATE TABLE dirty_range (
    id       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    type     text NOT NULL,
    devices  text[] NOT NULL,
    lower_at timestamptz NOT NULL,
    upper_at timestamptz NOT NULL CHECK (upper_at > lower_at)
);
CREATE INDEX dirty_range_type ON dirty_range (type, id);

-- Growth of a counter between two readings. A fall is a restart at zero, so all of the new reading is
-- growth; a fall of less than 1 % is a correction (rounding, a sensor recalibrated), which is no growth.
CREATE FUNCTION counter_step(before double precision, after double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN before IS NULL OR after IS NULL THEN NULL
                WHEN after >= before THEN after - before
                WHEN after >= before * 0.99 THEN 0
                ELSE after END
$$;

-- counter_growth(reading ORDER BY time): growth from the first reading to the last.
-- The state is {last reading, growth}. The step is written out here because TimescaleDB refreshes with a
-- search path that does not find counter_step.
CREATE FUNCTION counter_growth_next(state double precision[], reading double precision)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF reading IS NULL THEN
        RETURN state;
    ELSIF state IS NULL THEN
        RETURN ARRAY[reading, 0];
    END IF;
    RETURN ARRAY[reading, state[2] + CASE WHEN reading >= state[1] THEN reading - state[1]
                                          WHEN reading >= state[1] * 0.99 THEN 0
                                          ELSE reading END];
END $$;
CREATE FUNCTION counter_growth_end(state double precision[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT state[2] $$;
CREATE AGGREGATE counter_growth(double precision) (
    SFUNC = counter_growth_next, STYPE = double precision[], FINALFUNC = counter_growth_end, PARALLEL = SAFE
);

-- counter_chain(first, last, growth ORDER BY bucket): growth over several buckets, borders included.
CREATE FUNCTION counter_chain_next(
    state double precision[], first double precision, last double precision, growth double precision
) RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF first IS NULL THEN
        RETURN state;
    ELSIF state IS NULL THEN
        RETURN ARRAY[last, growth];
    END IF;
    RETURN ARRAY[last, state[2] + growth + CASE WHEN first >= state[1] THEN first - state[1]
                                                WHEN first >= state[1] * 0.99 THEN 0
                                                ELSE first END];
END $$;
CREATE AGGREGATE counter_chain(double precision, double precision, double precision) (
    SFUNC = counter_chain_next, STYPE = double precision[], FINALFUNC = counter_growth_end, PARALLEL = SAFE
);

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
