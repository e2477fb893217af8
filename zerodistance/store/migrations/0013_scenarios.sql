-- Scenarios: which rule has spoken of which appliance, what was reminded of, what goes to partners, water.

-- A rule speaks once, and again only after what it waits for was seen in between.
CREATE TABLE watch_state (
    watch     text NOT NULL,
    device_id text NOT NULL REFERENCES device ON DELETE CASCADE,
    armed     boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (watch, device_id)
);

CREATE TABLE food_reminder (
    device_id   text NOT NULL REFERENCES device ON DELETE CASCADE,
    item        text NOT NULL,
    best_before date NOT NULL,
    told_at     timestamptz NOT NULL,
    PRIMARY KEY (device_id, item, best_before)
);

-- Use events for partners, each once: tried until it is taken or given up. No home and no device id in it.
CREATE TABLE partner_event (
    id          text PRIMARY KEY,
    tenant_id   integer NOT NULL REFERENCES tenant,
    body        jsonb NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,
    next_try_at timestamptz DEFAULT now(),  -- real time; NULL: taken or given up
    done_at     timestamptz,
    error       text NOT NULL DEFAULT ''
);
CREATE INDEX partner_event_due ON partner_event (next_try_at) WHERE next_try_at IS NOT NULL;

-- Local water, from whoever publishes it: dissolved solids and hardness as CaCO3, both in mg/L.
CREATE TABLE water_quality (
    tenant_id integer NOT NULL REFERENCES tenant,
    region    text NOT NULL CHECK (region <> ''),
    time      timestamptz NOT NULL,
    tds       double precision NOT NULL CHECK (tds BETWEEN 0 AND 100000),
    hardness  double precision CHECK (hardness BETWEEN 0 AND 10000),
    source    text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, region, time)
);
