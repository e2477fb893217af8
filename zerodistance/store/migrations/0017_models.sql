-- Learned models: what was seen in an incident, versions of models, their stages, and whose labels made them.

-- The evidence of a finding each time something was said of it, with what champion and challenger made of it.
-- Written by the diagnosis with its offsets; the finding itself comes later, over the log.
CREATE TABLE diagnosis_opinion (
    finding_id      text NOT NULL,
    time            timestamptz NOT NULL,
    stage           text NOT NULL CHECK (stage IN ('opened', 'settled', 'revised', 'cleared')),
    tenant_id       integer NOT NULL REFERENCES tenant,
    device_id       text NOT NULL,
    type            text NOT NULL,
    revision        integer NOT NULL,
    cause           text NOT NULL,              -- what the finding names
    vector          jsonb NOT NULL,             -- evidence by name: all that a model sees
    champion        text NOT NULL,              -- version, or signatures-… for the catalogue's
    champion_says   jsonb NOT NULL,             -- cause, and probability by cause
    challenger      text,
    challenger_says jsonb,
    PRIMARY KEY (finding_id, time, stage),
    CHECK ((challenger IS NULL) = (challenger_says IS NULL))
);
CREATE INDEX diagnosis_opinion_challenger ON diagnosis_opinion (challenger) WHERE challenger IS NOT NULL;
CREATE INDEX diagnosis_opinion_time ON diagnosis_opinion (time);

CREATE TABLE model_version (
    version      text PRIMARY KEY CHECK (version ~ '^[a-z][a-z0-9_]{0,47}-[0-9]+$'),
    type         text NOT NULL,
    number       integer NOT NULL CHECK (number > 0),
    stage        text NOT NULL CHECK (stage IN ('challenger', 'champion', 'retired')),
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL CHECK (created_by <> ''),
    data_sha256  text NOT NULL,
    card         jsonb NOT NULL,
    file         bytea NOT NULL,
    file_sha256  text NOT NULL,
    UNIQUE (type, number),
    CHECK (version = type || '-' || number)
);
CREATE UNIQUE INDEX model_one_champion ON model_version (type) WHERE stage = 'champion';
CREATE UNIQUE INDEX model_one_challenger ON model_version (type) WHERE stage = 'challenger';

-- A version is what it was when it was trained; only its stage moves.
CREATE FUNCTION model_version_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.version, NEW.type, NEW.number, NEW.created_at, NEW.created_by, NEW.data_sha256, NEW.card,
        NEW.file_sha256) IS DISTINCT FROM
       (OLD.version, OLD.type, OLD.number, OLD.created_at, OLD.created_by, OLD.data_sha256, OLD.card,
        OLD.file_sha256) OR NEW.file <> OLD.file THEN
        RAISE EXCEPTION 'model % cannot be changed: train a new version', OLD.version
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER model_version_stands BEFORE UPDATE ON model_version
    FOR EACH ROW EXECUTE FUNCTION model_version_stands();

-- Who moved which version to which stage, when and why; version NULL: the signatures of the catalogue.
CREATE TABLE model_promotion (
    id         bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    type       text NOT NULL,
    version    text REFERENCES model_version,
    from_stage text CHECK (from_stage IN ('challenger', 'champion', 'retired')),
    to_stage   text NOT NULL CHECK (to_stage IN ('challenger', 'champion', 'retired')),
    time       timestamptz NOT NULL,
    actor      text NOT NULL CHECK (actor <> ''),
    reason     text NOT NULL CHECK (reason <> ''),
    figures    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX model_promotion_type ON model_promotion (type, id);
CREATE TRIGGER model_promotion_append_only BEFORE UPDATE OR DELETE ON model_promotion
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Lineage: which closed tickets made a version. What made it is not judged by it.
CREATE TABLE model_label (
    version    text NOT NULL REFERENCES model_version,
    finding_id text NOT NULL,
    ticket_id  text NOT NULL REFERENCES ticket,
    label      text NOT NULL,
    outcome    text NOT NULL,
    PRIMARY KEY (version, finding_id)
);
CREATE INDEX model_label_ticket ON model_label (ticket_id);
CREATE TRIGGER model_label_append_only BEFORE UPDATE OR DELETE ON model_label
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
