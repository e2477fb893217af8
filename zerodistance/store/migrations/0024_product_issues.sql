-- A cause that recurs across a model is one issue for those who make it, however many tickets it takes. Also: what
-- an hourly look at repairs reads by.

CREATE TABLE product_issue (
    id         text PRIMARY KEY,
    number     bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant_id  integer NOT NULL REFERENCES tenant,
    version    integer NOT NULL DEFAULT 1,
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'investigating', 'mended', 'dismissed')),
    type       text NOT NULL,
    model      text NOT NULL,
    cause      text NOT NULL CHECK (cause <> ''),
    since      timestamptz NOT NULL,             -- repairs from then on count
    opened_at  timestamptz NOT NULL,
    affected   integer NOT NULL CHECK (affected > 0),
    devices    integer NOT NULL CHECK (devices >= affected),
    counted_at timestamptz NOT NULL,
    closed_at  timestamptz,
    CHECK ((state IN ('mended', 'dismissed')) = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX product_issue_one_open ON product_issue (tenant_id, type, model, cause)
    WHERE state IN ('open', 'investigating');
CREATE TABLE product_issue_history (
    issue_id text NOT NULL REFERENCES product_issue,
    version  integer NOT NULL,
    time     timestamptz NOT NULL,
    actor    text NOT NULL,
    state    text NOT NULL,
    note     text NOT NULL,
    PRIMARY KEY (issue_id, version)
);
CREATE TRIGGER product_issue_history_append_only BEFORE UPDATE OR DELETE ON product_issue_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE INDEX ticket_repaired ON ticket (tenant_id, resolved_at) WHERE outcome_cause <> '';

ALTER TABLE product_issue ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON product_issue TO zerodistance_api
    USING (tenant_id = current_setting('zd.tenant')::integer);
ALTER TABLE product_issue_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON product_issue_history TO zerodistance_api
    USING (EXISTS (SELECT FROM product_issue p WHERE p.id = product_issue_history.issue_id));
