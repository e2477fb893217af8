-- What the service side needs beyond the core: a ticket may gather several findings, commands carry their
-- consent, messages their purpose, and every change is announced to whoever watches.

-- A finding belongs to at most one ticket; a ticket's finding_id is the one that leads.
ALTER TABLE finding ADD COLUMN ticket_id text REFERENCES ticket;
CREATE INDEX finding_ticket ON finding (ticket_id) WHERE ticket_id IS NOT NULL;

ALTER TABLE ticket
    ADD COLUMN merged_into text REFERENCES ticket,
    ADD CONSTRAINT ticket_merged_into CHECK ((state = 'merged') = (merged_into IS NOT NULL)),
    ADD CONSTRAINT ticket_not_into_itself CHECK (merged_into <> id);
CREATE UNIQUE INDEX ticket_one_open ON ticket (device_id) WHERE state NOT IN ('closed', 'cancelled', 'merged');
-- A finding leads one open ticket at most; a merged one keeps what it was opened for.
DROP INDEX ticket_finding;
CREATE UNIQUE INDEX ticket_finding ON ticket (finding_id)
    WHERE finding_id IS NOT NULL AND state NOT IN ('closed', 'cancelled', 'merged');
CREATE INDEX ticket_closed ON ticket (tenant_id, closed_at DESC) WHERE state = 'closed';

-- No change of a ticket without its line in the history: the version counts up by one, and at commit the
-- history has a row for it.
CREATE FUNCTION ticket_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'ticket %: version % must follow %', OLD.id, NEW.version, OLD.version
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ticket_version BEFORE UPDATE ON ticket FOR EACH ROW EXECUTE FUNCTION ticket_version();

CREATE FUNCTION ticket_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ticket_history WHERE ticket_id = NEW.id AND version = NEW.version) THEN
        RAISE EXCEPTION 'ticket % was changed to version % without a history entry', NEW.id, NEW.version
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ticket_told AFTER UPDATE ON ticket DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ticket_told();

-- Commands. Whoever forgets to say whether consent is needed gets a command that waits for it.
ALTER TABLE command
    ADD COLUMN ticket_id text REFERENCES ticket,
    ADD COLUMN consent_required boolean NOT NULL DEFAULT true,
    ADD COLUMN consent_at timestamptz,
    ADD COLUMN timeout_s double precision NOT NULL DEFAULT 60 CHECK (timeout_s > 0),
    ADD CONSTRAINT command_consent CHECK (
        NOT consent_required OR consent_by IS NOT NULL
        OR (state IN ('awaiting_consent', 'expired', 'declined') AND sent_at IS NULL)),
    ADD CONSTRAINT command_sent CHECK (state <> 'sent' OR sent_at IS NOT NULL),
    ADD CONSTRAINT command_finished CHECK (
        (state IN ('done', 'refused', 'failed', 'expired', 'declined')) = (finished_at IS NOT NULL));
CREATE INDEX command_unfinished ON command (expires_at) WHERE finished_at IS NULL;
CREATE INDEX command_ticket ON command (ticket_id) WHERE ticket_id IS NOT NULL;

-- The same table of moves as services/commands/lifecycle.py; a test holds the two together.
CREATE FUNCTION command_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.device_id, NEW.name, NEW.arguments, NEW.consent_required)
       IS DISTINCT FROM (OLD.device_id, OLD.name, OLD.arguments, OLD.consent_required) THEN
        RAISE EXCEPTION 'command %: what was consented to cannot be changed', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.consent_by IS DISTINCT FROM OLD.consent_by
       AND NOT (OLD.state = 'awaiting_consent' AND NEW.state IN ('queued', 'declined')) THEN
        RAISE EXCEPTION 'command %: consent is given or refused once, before it is queued', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'awaiting_consent>queued', 'awaiting_consent>declined', 'awaiting_consent>expired',
        'queued>sent', 'queued>declined', 'queued>expired', 'queued>done', 'queued>refused', 'queued>failed',
        'sent>done', 'sent>refused', 'sent>failed') THEN
        RAISE EXCEPTION 'command %: no way from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER command_guard BEFORE UPDATE ON command FOR EACH ROW EXECUTE FUNCTION command_guard();

-- Messages: what a question is for, the command that waits for the answer, and further channels.
ALTER TABLE message
    ADD COLUMN purpose text NOT NULL DEFAULT '' CHECK (purpose IN ('', 'check', 'confirm', 'consent')),
    ADD COLUMN command_id text REFERENCES command;
CREATE INDEX message_ticket ON message (ticket_id, created_at) WHERE ticket_id IS NOT NULL;
CREATE INDEX message_told ON message (sent_at) WHERE sent_at IS NOT NULL;

-- One row for each further channel of a message (the inbox is the message itself): tried until it is
-- taken or given up.
CREATE TABLE delivery (
    message_id  text NOT NULL REFERENCES message ON DELETE CASCADE,
    channel     text NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,
    next_try_at timestamptz,              -- real time; NULL: taken or given up
    done_at     timestamptz,
    error       text NOT NULL DEFAULT '',
    PRIMARY KEY (message_id, channel)
);
CREATE INDEX delivery_due ON delivery (next_try_at) WHERE next_try_at IS NOT NULL;

CREATE INDEX timer_ticket ON timer (ticket_id) WHERE done_at IS NULL;

-- Whoever LISTENs to zd_changes hears of every ticket, message and device that changed, once committed.
CREATE FUNCTION notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said jsonb;
BEGIN
    IF TG_TABLE_NAME = 'ticket' THEN
        said := jsonb_build_object(
            'event', 'ticket', 'id', NEW.id, 'version', NEW.version, 'state', NEW.state, 'device', NEW.device_id);
    ELSIF TG_TABLE_NAME = 'finding' THEN
        said := jsonb_build_object('event', 'ticket', 'id', NEW.ticket_id, 'device', NEW.device_id);
    ELSIF TG_TABLE_NAME = 'message' THEN
        said := jsonb_build_object(
            'event', 'message', 'id', NEW.id, 'audience', NEW.audience, 'ticket', NEW.ticket_id);
    ELSIF TG_TABLE_NAME = 'command' THEN
        said := jsonb_build_object('event', 'device', 'id', NEW.device_id, 'command', NEW.id);
    ELSE
        said := jsonb_build_object('event', 'device', 'id', NEW.id);
    END IF;
    PERFORM pg_notify('zd_changes', said::text);
    RETURN NULL;
END $$;
CREATE TRIGGER ticket_notify AFTER INSERT OR UPDATE ON ticket
    FOR EACH ROW EXECUTE FUNCTION notify_change();
CREATE TRIGGER finding_notify AFTER INSERT OR UPDATE ON finding
    FOR EACH ROW WHEN (NEW.ticket_id IS NOT NULL) EXECUTE FUNCTION notify_change();
CREATE TRIGGER message_notify AFTER INSERT OR UPDATE ON message
    FOR EACH ROW EXECUTE FUNCTION notify_change();
CREATE TRIGGER command_notify AFTER INSERT OR UPDATE ON command
    FOR EACH ROW EXECUTE FUNCTION notify_change();
CREATE TRIGGER device_added_notify AFTER INSERT ON device
    FOR EACH ROW EXECUTE FUNCTION notify_change();
CREATE TRIGGER device_notify AFTER UPDATE ON device
    FOR EACH ROW WHEN ((OLD.online, OLD.name, OLD.model, OLD.firmware, OLD.household_id, OLD.retired_at)
        IS DISTINCT FROM (NEW.online, NEW.name, NEW.model, NEW.firmware, NEW.household_id, NEW.retired_at))
    EXECUTE FUNCTION notify_change();
