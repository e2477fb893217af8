-- Who may speak to the broker as which device. Of a secret only its hash is kept, as Mosquitto's password
-- file wants it; of a certificate what a revocation list needs. Times here are real time, whatever the
-- platform's clock says: they guard against people.
CREATE TABLE device_credential (
    id          text PRIMARY KEY,
    device_id   text NOT NULL REFERENCES device,
    kind        text NOT NULL CHECK (kind IN ('password', 'certificate')),
    hash        text CHECK (hash LIKE '$7$%'),
    serial      text UNIQUE CHECK (serial ~ '^[0-9a-f]{1,40}$'),
    fingerprint text,
    not_after   timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL,
    revoked_at  timestamptz, -- may lie ahead: a certificate that its successor is to replace by then
    revoked_by  text,
    cut_at      timestamptz, -- when the broker had been told and its session was ended
    CHECK ((kind = 'password') = (hash IS NOT NULL)),
    CHECK ((kind = 'certificate') = (serial IS NOT NULL AND fingerprint IS NOT NULL AND not_after IS NOT NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX device_credential_device ON device_credential (device_id);
-- the broker knows one password for each user
CREATE UNIQUE INDEX device_credential_password ON device_credential (device_id)
    WHERE kind = 'password' AND revoked_at IS NULL;

-- A device whose credentials are of no use for the time being; it is refused at ingest as well.
ALTER TABLE device ADD COLUMN disabled_at timestamptz;
ALTER TABLE device ADD COLUMN disabled_reason text NOT NULL DEFAULT '';

-- What was done to whose access, for ever.
CREATE TABLE access_event (
    id        bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    time      timestamptz NOT NULL DEFAULT now(),
    device_id text NOT NULL,
    actor     text NOT NULL,
    action    text NOT NULL CHECK (action IN (
        'issued', 'revoked', 'disabled', 'enabled', 'handed_over', 'retired', 'cut')),
    detail    text NOT NULL DEFAULT ''
);
CREATE INDEX access_event_device ON access_event (device_id, id DESC);
CREATE TRIGGER access_event_append_only BEFORE UPDATE OR DELETE ON access_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

DROP TRIGGER device_stamp_registry ON device;
CREATE TRIGGER device_stamp_registry
    BEFORE UPDATE OF tenant_id, type, gateway_id, retired_at, disabled_at ON device
    FOR EACH ROW WHEN (
        (OLD.tenant_id, OLD.type, OLD.gateway_id, OLD.retired_at, OLD.disabled_at)
        IS DISTINCT FROM (NEW.tenant_id, NEW.type, NEW.gateway_id, NEW.retired_at, NEW.disabled_at))
    EXECUTE FUNCTION stamp_registry();

-- Whoever had the appliance before is cut off in the transaction that hands it over or retires it, whatever
-- statement that is: its credentials, commands that wait, a gateway of the former home.
CREATE FUNCTION leave_gateway() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.gateway_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM device g WHERE g.id = NEW.gateway_id AND g.household_id = OLD.household_id)
    THEN
        NEW.gateway_id := NULL;
        NEW.registry_xact := pg_current_xact_id();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER device_leave_gateway BEFORE UPDATE OF household_id ON device
    FOR EACH ROW WHEN (OLD.household_id IS NOT NULL AND OLD.household_id IS DISTINCT FROM NEW.household_id)
    EXECUTE FUNCTION leave_gateway();

CREATE FUNCTION cut_off() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    why text := CASE WHEN NEW.retired_at IS NOT NULL AND OLD.retired_at IS NULL
                     THEN 'retired' ELSE 'handed_over' END;
    gone bigint;
BEGIN
    UPDATE device_credential SET revoked_at = clock_timestamp(), revoked_by = why
    WHERE device_id = NEW.id AND (revoked_at IS NULL OR revoked_at > clock_timestamp());
    GET DIAGNOSTICS gone = ROW_COUNT;
    INSERT INTO access_event (device_id, actor, action, detail)
    VALUES (NEW.id, 'platform', why, format('%s credentials revoked', gone));
    -- run out by the platform's own clock, which this statement does not know
    UPDATE command SET expires_at = created_at
    WHERE device_id = NEW.id AND state IN ('awaiting_consent', 'queued');
    -- a gateway that went to somebody else speaks for what stayed behind no longer
    UPDATE device SET gateway_id = NULL
    WHERE gateway_id = NEW.id AND why = 'handed_over' AND household_id = OLD.household_id;
    RETURN NULL;
END $$;
CREATE TRIGGER device_cut_off AFTER UPDATE OF household_id, retired_at ON device
    FOR EACH ROW WHEN (
        (OLD.household_id IS NOT NULL AND OLD.household_id IS DISTINCT FROM NEW.household_id)
        OR (OLD.retired_at IS NULL AND NEW.retired_at IS NOT NULL))
    EXECUTE FUNCTION cut_off();

-- `zerodistance broker-access` listens.
CREATE FUNCTION notify_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('zd_access', '');
    RETURN NULL;
END $$;
CREATE TRIGGER device_credential_notify AFTER INSERT OR UPDATE OF revoked_at ON device_credential
    FOR EACH STATEMENT EXECUTE FUNCTION notify_access();
CREATE TRIGGER device_access_notify AFTER UPDATE OF disabled_at, retired_at ON device
    FOR EACH STATEMENT EXECUTE FUNCTION notify_access();
