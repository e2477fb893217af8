-- What has changed is kept for a while: a stream of live changes that broke off goes on where it was. And the
-- inbox is read in its order, however many tickets are open.

CREATE TABLE change (
    id        bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant_id integer NOT NULL REFERENCES tenant,
    event     text NOT NULL CHECK (event IN ('ticket', 'message', 'device')),
    data      jsonb NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Numbers are drawn before the commit: a lower one may become visible after a higher one. Whoever saw this
    -- row and not one below it will find it among the transactions from this horizon on.
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    horizon   xid8 NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot())
);
CREATE INDEX change_at ON change (at);

CREATE OR REPLACE FUNCTION notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kind text := 'device';
    said jsonb;
    number bigint;
BEGIN
    IF TG_TABLE_NAME = 'ticket' THEN
        kind := 'ticket';
        said := jsonb_build_object(
            'id', NEW.id, 'version', NEW.version, 'state', NEW.state, 'device', NEW.device_id);
    ELSIF TG_TABLE_NAME = 'finding' THEN
        kind := 'ticket';
        said := jsonb_build_object('id', NEW.ticket_id, 'device', NEW.device_id);
    ELSIF TG_TABLE_NAME = 'message' THEN
        kind := 'message';
        said := jsonb_build_object('id', NEW.id, 'audience', NEW.audience, 'ticket', NEW.ticket_id);
    ELSIF TG_TABLE_NAME = 'command' THEN
        said := jsonb_build_object('id', NEW.device_id, 'command', NEW.id);
    ELSE
        said := jsonb_build_object('id', NEW.id);
    END IF;
    INSERT INTO change (tenant_id, event, data) VALUES (NEW.tenant_id, kind, said) RETURNING id INTO number;
    PERFORM pg_notify('zd_changes', jsonb_build_object(
        'number', number, 'tenant', NEW.tenant_id, 'event', kind, 'data', said)::text);
    RETURN NULL;
END $$;

-- The same order as services/tickets/listing.py; a test holds the two together.
CREATE INDEX ticket_inbox ON ticket (
    tenant_id,
    (CASE urgency WHEN 'urgent' THEN 0 WHEN 'soon' THEN 1 ELSE 2 END),
    (CASE state WHEN 'unanswered' THEN 0 WHEN 'on_site' THEN 0 WHEN 'remote' THEN 0 WHEN 'planned' THEN 1
        WHEN 'visiting' THEN 1 WHEN 'on_hold' THEN 3 ELSE 2 END),
    (coalesce(respond_by, '9999-01-01Z')),
    number
) WHERE state NOT IN ('closed', 'cancelled', 'merged');
