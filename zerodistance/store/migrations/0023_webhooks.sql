-- Webhooks: who wants to hear of what, what there was to tell, and how telling it went. Times of trying are
-- real time; secrets are sealed with a key that is not in the database.

CREATE TABLE webhook (
    id               text PRIMARY KEY,
    tenant_id        integer NOT NULL REFERENCES tenant,
    url              text NOT NULL,
    description      text NOT NULL DEFAULT '',
    types            text[] NOT NULL CHECK (types <> '{}'),
    secret           bytea NOT NULL,
    previous_secret  bytea,                       -- also signs until then, so that a receiver can change over
    previous_until   timestamptz,
    -- the settings' own may lead to an address that is not public
    origin           text NOT NULL DEFAULT 'api' CHECK (origin IN ('api', 'setting')),
    created_at       timestamptz NOT NULL DEFAULT now(),
    created_by       text NOT NULL,
    version          integer NOT NULL DEFAULT 1,
    failures         integer NOT NULL DEFAULT 0,  -- in a row
    failing_since    timestamptz,
    paused_until     timestamptz NOT NULL DEFAULT now(),
    disabled_at      timestamptz,
    disabled_reason  text NOT NULL DEFAULT '',
    CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    CHECK ((disabled_at IS NULL) = (disabled_reason = ''))
);
CREATE INDEX webhook_tenant ON webhook (tenant_id, created_at, id);

CREATE TABLE webhook_event (
    tenant_id  integer NOT NULL REFERENCES tenant,
    id         text NOT NULL,
    type       text NOT NULL,
    time       timestamptz NOT NULL,              -- platform time
    data       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX webhook_event_age ON webhook_event (created_at);

-- One row for each receiver of an event: what is known of telling it.
CREATE TABLE webhook_delivery (
    number      bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    webhook_id  text NOT NULL REFERENCES webhook ON DELETE CASCADE,
    tenant_id   integer NOT NULL,
    event_id    text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    attempts    integer NOT NULL DEFAULT 0,       -- since it was last asked for
    next_try_at timestamptz DEFAULT now(),        -- NULL: taken, or given up
    done_at     timestamptz,
    status      integer,                          -- of the last answer
    error       text NOT NULL DEFAULT '',
    PRIMARY KEY (webhook_id, event_id),
    FOREIGN KEY (tenant_id, event_id) REFERENCES webhook_event (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook_id, number DESC);
CREATE INDEX webhook_delivery_event ON webhook_delivery (tenant_id, event_id);

CREATE TABLE webhook_attempt (
    id         bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    webhook_id text NOT NULL,
    event_id   text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    took_ms    integer NOT NULL,
    status     integer,
    error      text NOT NULL DEFAULT '',
    FOREIGN KEY (webhook_id, event_id) REFERENCES webhook_delivery (webhook_id, event_id) ON DELETE CASCADE
);
CREATE INDEX webhook_attempt_delivery ON webhook_attempt (webhook_id, event_id, id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['change', 'webhook', 'webhook_event', 'webhook_delivery'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY reach ON %I TO zerodistance_api'
            ' USING (tenant_id = current_setting(''zd.tenant'')::integer)', name);
    END LOOP;
    ALTER TABLE webhook_attempt ENABLE ROW LEVEL SECURITY;
    CREATE POLICY reach ON webhook_attempt TO zerodistance_api
        USING (EXISTS (SELECT FROM webhook w WHERE w.id = webhook_attempt.webhook_id));
END $$;

-- What waited for the partner of the settings goes the same way from now on: `work` fills in where to.
INSERT INTO webhook (id, tenant_id, url, types, secret, origin, created_by, disabled_at, disabled_reason)
    SELECT 'setting-partner', 1, '', '{appliance.used}', '', 'setting', 'platform', now(), 'not set yet'
    WHERE EXISTS (SELECT FROM partner_event WHERE next_try_at IS NOT NULL);
INSERT INTO webhook_event (tenant_id, id, type, time, data)
    SELECT 1, id, 'appliance.used', (body->>'time')::timestamptz, body - 'id'
    FROM partner_event WHERE next_try_at IS NOT NULL;
INSERT INTO webhook_delivery (webhook_id, tenant_id, event_id, attempts)
    SELECT 'setting-partner', 1, id, attempts FROM partner_event WHERE next_try_at IS NOT NULL;
DROP TABLE partner_event;
UPDATE delivery SET next_try_at = NULL, error = 'webhooks have deliveries of their own now'
    WHERE channel = 'webhook' AND done_at IS NULL;
