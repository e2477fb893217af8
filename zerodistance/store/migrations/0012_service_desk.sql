-- The service desk: moves held by the database, service levels that stand still on hold, campaigns,
-- inspections, where engineers and homes are, what a message offers.

-- The same table of moves as services/tickets/lifecycle.py; a test holds the two together.
CREATE TABLE ticket_move (
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO ticket_move (from_state, to_state) VALUES
    ('owner_asked', 'owner_checked'), ('owner_asked', 'unanswered'), ('owner_asked', 'on_site'),
    ('owner_asked', 'remote'), ('unanswered', 'on_site'), ('unanswered', 'remote'),
    ('unanswered', 'owner_checked'), ('owner_checked', 'on_site'), ('owner_checked', 'remote'),
    ('remote', 'on_site'), ('remote', 'resolved'), ('on_site', 'owner_checked'), ('on_site', 'remote'),
    ('on_site', 'planned'), ('planned', 'on_site'), ('on_site', 'visiting'), ('planned', 'visiting'),
    ('visiting', 'resolved'), ('visiting', 'on_site'), ('visiting', 'on_hold'), ('resolved', 'verified'),
    ('resolved', 'on_site'), ('verified', 'confirmed'), ('verified', 'on_site'), ('confirmed', 'closed'),
    ('closed', 'on_site'), ('cancelled', 'on_site'), ('owner_asked', 'recovered'),
    ('owner_checked', 'recovered'), ('unanswered', 'recovered'), ('remote', 'recovered'),
    ('on_site', 'recovered'), ('planned', 'recovered'), ('on_hold', 'recovered'), ('recovered', 'closed'),
    ('remote', 'on_hold'), ('on_hold', 'remote'), ('on_site', 'on_hold'), ('on_hold', 'on_site'),
    ('planned', 'on_hold'), ('owner_asked', 'cancelled'), ('owner_asked', 'merged'),
    ('owner_checked', 'cancelled'), ('owner_checked', 'merged'), ('unanswered', 'cancelled'),
    ('unanswered', 'merged'), ('remote', 'cancelled'), ('remote', 'merged'), ('on_site', 'cancelled'),
    ('on_site', 'merged'), ('planned', 'cancelled'), ('planned', 'merged'), ('visiting', 'cancelled'),
    ('visiting', 'merged'), ('resolved', 'cancelled'), ('resolved', 'merged'), ('verified', 'cancelled'),
    ('verified', 'merged'), ('on_hold', 'cancelled'), ('on_hold', 'merged');
CREATE FUNCTION ticket_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ticket_move WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'ticket %: no way from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ticket_guard BEFORE UPDATE ON ticket
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ticket_guard();

-- A cause common to a region, a firmware or a model: one matter for all who have it.
CREATE TABLE campaign (
    id          text PRIMARY KEY,
    number      bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant_id   integer NOT NULL REFERENCES tenant,
    version     integer NOT NULL DEFAULT 1,
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    type        text NOT NULL,
    cause       text NOT NULL,
    region      text NOT NULL DEFAULT '',
    firmware    text NOT NULL DEFAULT '',
    model       text NOT NULL DEFAULT '',
    opened_at   timestamptz NOT NULL,
    opened_by   text NOT NULL,
    closed_at   timestamptz,
    closed_by   text NOT NULL DEFAULT '',
    note        text NOT NULL DEFAULT '',
    CHECK (region <> '' OR firmware <> '' OR model <> ''),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX campaign_one_open ON campaign (tenant_id, type, cause, region, firmware, model)
    WHERE state = 'open';
CREATE TABLE campaign_member (
    campaign_id  text NOT NULL REFERENCES campaign ON DELETE CASCADE,
    device_id    text NOT NULL REFERENCES device,
    finding_id   text REFERENCES finding,
    ticket_id    text REFERENCES ticket,   -- the ticket that became part of it, if there was one
    joined_at    timestamptz NOT NULL,
    recovered_at timestamptz,
    PRIMARY KEY (campaign_id, device_id)
);
CREATE INDEX campaign_member_device ON campaign_member (device_id);
CREATE TABLE campaign_history (
    campaign_id text NOT NULL REFERENCES campaign,
    version     integer NOT NULL,
    time        timestamptz NOT NULL,
    actor       text NOT NULL,
    note        text NOT NULL,
    PRIMARY KEY (campaign_id, version)
);
CREATE TRIGGER campaign_history_append_only BEFORE UPDATE OR DELETE ON campaign_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE finding ADD COLUMN campaign_id text REFERENCES campaign,
    ADD CONSTRAINT finding_one_place CHECK (ticket_id IS NULL OR campaign_id IS NULL);
CREATE INDEX finding_common ON finding (tenant_id, cause, onset_at) WHERE state = 'open';

-- Service levels. On hold the clock stands still: what was left is kept in seconds, and no deadline runs.
ALTER TABLE ticket
    ADD COLUMN warranty boolean NOT NULL DEFAULT true,
    ADD COLUMN responded_at timestamptz,
    ADD COLUMN respond_left_s double precision CHECK (respond_left_s >= 0),
    ADD COLUMN resolve_left_s double precision CHECK (resolve_left_s >= 0),
    ADD COLUMN escalation smallint NOT NULL DEFAULT 0 CHECK (escalation >= 0),
    ADD COLUMN campaign_id text REFERENCES campaign,
    DROP CONSTRAINT ticket_merged_into,
    ADD CONSTRAINT ticket_merged_into CHECK (
        (state = 'merged') = (merged_into IS NOT NULL OR campaign_id IS NOT NULL)),
    ADD CONSTRAINT ticket_merged_once CHECK (merged_into IS NULL OR campaign_id IS NULL);
ALTER TABLE ticket DISABLE TRIGGER USER;
UPDATE ticket SET resolve_left_s = greatest(extract(epoch FROM resolve_by - opened_at), 0), resolve_by = NULL,
    respond_left_s = greatest(extract(epoch FROM respond_by - opened_at), 0), respond_by = NULL
    WHERE state = 'on_hold';
UPDATE ticket SET responded_at = coalesce(visit_from, resolved_at) WHERE resolved_at IS NOT NULL;
ALTER TABLE ticket ENABLE TRIGGER USER;
ALTER TABLE ticket ADD CONSTRAINT ticket_hold CHECK (
    (state = 'on_hold') = (resolve_left_s IS NOT NULL) AND (resolve_left_s IS NULL OR resolve_by IS NULL));
CREATE INDEX ticket_assignee ON ticket (assignee, visit_from) WHERE state IN ('planned', 'visiting');
DROP INDEX ticket_figures;
CREATE INDEX ticket_figures ON ticket (tenant_id)
    INCLUDE (state, origin, visit_avoided, outcome, escalation, rating, assignee);

-- What a technician measured joins the evidence. Append-only.
CREATE TABLE inspection (
    id         text PRIMARY KEY,
    tenant_id  integer NOT NULL REFERENCES tenant,
    device_id  text NOT NULL REFERENCES device,
    ticket_id  text REFERENCES ticket,
    time       timestamptz NOT NULL,
    actor      text NOT NULL,
    quantity   text NOT NULL CHECK (quantity <> ''),
    value      double precision,
    unit       text NOT NULL DEFAULT '',
    low        double precision,
    high       double precision,
    note       text NOT NULL DEFAULT '',
    CHECK (low IS NULL OR high IS NULL OR low <= high),
    CHECK (value IS NOT NULL OR note <> '')
);
CREATE INDEX inspection_device ON inspection (device_id, time DESC);
CREATE INDEX inspection_ticket ON inspection (ticket_id, time) WHERE ticket_id IS NOT NULL;
CREATE TRIGGER inspection_append_only BEFORE UPDATE OR DELETE ON inspection
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What owners said of a service, beside the one figure: sub-scores of a five-point scale.
CREATE TABLE rating_score (
    ticket_id text NOT NULL REFERENCES ticket,
    aspect    text NOT NULL CHECK (aspect IN ('punctuality', 'skill', 'manner', 'result')),
    score     smallint NOT NULL CHECK (score BETWEEN 1 AND 5),
    PRIMARY KEY (ticket_id, aspect)
);

-- Dispatch: where people start, what their van carries, when they work. A home's place is personal data.
ALTER TABLE engineer
    ADD COLUMN latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    ADD COLUMN longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    ADD COLUMN van text[] NOT NULL DEFAULT '{}',
    ADD COLUMN day_from time NOT NULL DEFAULT '08:00',
    ADD COLUMN day_until time NOT NULL DEFAULT '18:00',
    ADD COLUMN time_zone text NOT NULL DEFAULT '',
    ADD COLUMN active boolean NOT NULL DEFAULT true,
    ADD CONSTRAINT engineer_place CHECK ((latitude IS NULL) = (longitude IS NULL)),
    ADD CONSTRAINT engineer_day CHECK (day_from < day_until);
CREATE TABLE private.place (
    household_id text PRIMARY KEY REFERENCES household ON DELETE CASCADE,
    latitude     double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude    double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180)
);

-- Messages: dispatchers hear of escalations; an answer may pick a window, allow a protective mode or act at
-- once; what can wait goes out together.
ALTER TABLE message
    DROP CONSTRAINT message_audience_check,
    ADD CONSTRAINT message_audience_check CHECK (audience IN ('owner', 'engineer', 'dispatcher')),
    DROP CONSTRAINT message_purpose_check,
    ADD CONSTRAINT message_purpose_check CHECK (
        purpose IN ('', 'check', 'confirm', 'consent', 'window', 'protect', 'action')),
    DROP CONSTRAINT message_kind_check,
    ADD CONSTRAINT message_kind_check CHECK (
        kind IN ('question', 'notice', 'ticket', 'insight', 'reminder', 'digest')),
    ADD COLUMN options jsonb NOT NULL DEFAULT '{}',  -- answer → what it stands for
    ADD COLUMN digest boolean NOT NULL DEFAULT false;
CREATE INDEX message_digest ON message (household_id, sent_at) WHERE digest;
