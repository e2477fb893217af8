-- Who may use the API, and what each of them sees. Times here are real time, whatever the platform's clock
-- says: they guard against people. Secrets are kept as hashes only.

CREATE TABLE private.account (
    id            text PRIMARY KEY,
    tenant_id     integer NOT NULL REFERENCES tenant,
    login         text NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9][a-z0-9._@-]{0,63}$'),
    name          text NOT NULL DEFAULT '',
    roles         text[] NOT NULL CHECK (roles <> '{}' AND roles <@ ARRAY[
        'owner', 'engineer', 'dispatcher', 'operator', 'product', 'partner', 'admin']),
    engineer_id   text REFERENCES engineer,
    household_id  text REFERENCES household ON DELETE CASCADE,
    password_hash text CHECK (password_hash LIKE '$argon2id$%'), -- NULL: signs in elsewhere only
    oidc_issuer   text,
    oidc_subject  text,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now(),
    created_by    text NOT NULL,
    disabled_at   timestamptz,
    last_login_at timestamptz,
    UNIQUE (oidc_issuer, oidc_subject),
    CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL)),
    -- what an owner sees hangs on the home, what a partner sees on nothing else either: no mixing
    CHECK (('owner' = ANY (roles)) = (household_id IS NOT NULL)),
    CHECK (NOT roles && ARRAY['owner', 'partner'] OR cardinality(roles) = 1),
    CHECK (NOT 'engineer' = ANY (roles) OR engineer_id IS NOT NULL OR cardinality(roles) > 1)
);
CREATE INDEX account_tenant ON private.account (tenant_id, login);

-- One line for each sign-in. A refresh secret is good once: a second use of it ends the session.
CREATE TABLE private.session (
    id            text PRIMARY KEY,
    account_id    text NOT NULL REFERENCES private.account ON DELETE CASCADE,
    tenant_id     integer NOT NULL REFERENCES tenant,
    refresh_hash  bytea NOT NULL UNIQUE,
    previous_hash bytea UNIQUE,
    created_at    timestamptz NOT NULL DEFAULT now(),
    refreshed_at  timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    ended_why     text NOT NULL DEFAULT '',
    address       text NOT NULL DEFAULT '',
    CHECK ((ended_at IS NULL) = (ended_why = ''))
);
CREATE INDEX session_account ON private.session (account_id, created_at);

-- Keys of partners' programs: what they may do, and of which homes, which have agreed to it.
CREATE TABLE private.api_key (
    id           text PRIMARY KEY,
    tenant_id    integer NOT NULL REFERENCES tenant,
    name         text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$'),
    secret_hash  bytea NOT NULL,
    scopes       text[] NOT NULL CHECK (scopes <> '{}'),
    households   text[] NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    created_by   text NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    revoked_by   text,
    last_used_at timestamptz,
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE UNIQUE INDEX api_key_name ON private.api_key (tenant_id, name) WHERE revoked_at IS NULL;

-- Sign-ins that failed, as far back as patience reaches.
CREATE TABLE private.failed_login (
    time    timestamptz NOT NULL DEFAULT now(),
    login   text NOT NULL,
    address text NOT NULL
);
CREATE INDEX failed_login_login ON private.failed_login (login, time);
CREATE INDEX failed_login_address ON private.failed_login (address, time);
CREATE INDEX failed_login_time ON private.failed_login (time);

-- Who changed what, when, from where: one line for each change through the API, in its transaction.
CREATE TABLE audit (
    id        bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    time      timestamptz NOT NULL DEFAULT now(),
    tenant_id integer NOT NULL REFERENCES tenant,
    actor     text NOT NULL,
    roles     text[] NOT NULL DEFAULT '{}',
    action    text NOT NULL,
    target    text NOT NULL DEFAULT '',
    address   text NOT NULL DEFAULT '',
    detail    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_tenant ON audit (tenant_id, id DESC);
CREATE INDEX audit_actor ON audit (tenant_id, actor, id DESC);
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What was answered to a request with an Idempotency-Key, written in the transaction of its change.
CREATE TABLE idempotent_answer (
    tenant_id   integer NOT NULL REFERENCES tenant,
    principal   text NOT NULL,
    key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL, -- of method, path and body
    created_at  timestamptz NOT NULL DEFAULT now(),
    status      integer,
    headers     jsonb NOT NULL DEFAULT '{}',
    body        bytea,
    PRIMARY KEY (tenant_id, principal, key)
);

-- Every statement of the API runs as this role, under the policies below; the other processes, which work
-- for all tenants, run as the owner of the tables, whom policies do not bind. A role belongs to the server,
-- not to the database: it may be there already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'zerodistance_api') THEN
        CREATE ROLE zerodistance_api NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'this account may not create roles: have an administrator run '
            '"CREATE ROLE zerodistance_api NOLOGIN; GRANT zerodistance_api TO %;" once', current_user;
END $$;
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'zerodistance_api', 'MEMBER') THEN
        EXECUTE format('GRANT zerodistance_api TO %I', current_user);
    END IF;
END $$;
GRANT USAGE ON SCHEMA public, private TO zerodistance_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, private TO zerodistance_api;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO zerodistance_api;
ALTER DEFAULT PRIVILEGES IN SCHEMA private
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO zerodistance_api;
REVOKE INSERT, UPDATE, DELETE ON migration FROM zerodistance_api;
REVOKE UPDATE, DELETE ON audit FROM zerodistance_api;
REVOKE ALL ON private.failed_login FROM zerodistance_api;

-- What a transaction of the API sees is set at its beginning (services/accounts/scope.py):
--   zd.tenant      whose rows; without it every query fails
--   zd.reach       tenant: all of it; engineer: zd.region and what is assigned to zd.engineer;
--                  households: those of zd.households
-- Writing is bound by the tenant alone: what a caller may touch is looked up with its reach first, and the
-- rules of the desk then see the whole of the tenant (other engineers' visits, the other side's message).

ALTER TABLE ticket ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON ticket TO zerodistance_api USING (
    tenant_id = current_setting('zd.tenant')::integer
    AND CASE current_setting('zd.reach')
        WHEN 'tenant' THEN true
        WHEN 'engineer' THEN assignee = current_setting('zd.engineer') OR region = current_setting('zd.region')
        WHEN 'households' THEN household_id = ANY (current_setting('zd.households')::text[])
        ELSE false END
) WITH CHECK (tenant_id = current_setting('zd.tenant')::integer);

ALTER TABLE household ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON household TO zerodistance_api USING (
    tenant_id = current_setting('zd.tenant')::integer
    AND CASE current_setting('zd.reach')
        WHEN 'tenant' THEN true
        WHEN 'engineer' THEN region = current_setting('zd.region')
            OR EXISTS (SELECT FROM ticket t WHERE t.household_id = household.id)
        WHEN 'households' THEN id = ANY (current_setting('zd.households')::text[])
        ELSE false END
) WITH CHECK (tenant_id = current_setting('zd.tenant')::integer);

ALTER TABLE device ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON device TO zerodistance_api USING (
    tenant_id = current_setting('zd.tenant')::integer
    AND CASE current_setting('zd.reach')
        WHEN 'tenant' THEN true
        WHEN 'engineer' THEN EXISTS (SELECT FROM household h WHERE h.id = device.household_id)
            OR EXISTS (SELECT FROM ticket t WHERE t.device_id = device.id)
        WHEN 'households' THEN household_id = ANY (current_setting('zd.households')::text[])
        ELSE false END
) WITH CHECK (tenant_id = current_setting('zd.tenant')::integer);

ALTER TABLE message ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON message TO zerodistance_api USING (
    tenant_id = current_setting('zd.tenant')::integer
    AND CASE current_setting('zd.reach')
        WHEN 'tenant' THEN true
        WHEN 'engineer' THEN EXISTS (SELECT FROM ticket t WHERE t.id = message.ticket_id)
        WHEN 'households' THEN audience = 'owner'
            AND household_id = ANY (current_setting('zd.households')::text[])
        ELSE false END
) WITH CHECK (tenant_id = current_setting('zd.tenant')::integer);

-- Rows with a tenant that stand or fall with their ticket or device.
ALTER TABLE ticket_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON ticket_history TO zerodistance_api USING (
    tenant_id = current_setting('zd.tenant')::integer AND (current_setting('zd.reach') = 'tenant'
        OR EXISTS (SELECT FROM ticket t WHERE t.id = ticket_history.ticket_id))
) WITH CHECK (tenant_id = current_setting('zd.tenant')::integer);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['finding', 'command', 'insight', 'inspection', 'device_event'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY reach ON %1$I TO zerodistance_api USING ('
            'tenant_id = current_setting(''zd.tenant'')::integer AND (current_setting(''zd.reach'') = ''tenant'''
            ' OR EXISTS (SELECT FROM device d WHERE d.id = %1$I.device_id)))'
            ' WITH CHECK (tenant_id = current_setting(''zd.tenant'')::integer)', name);
    END LOOP;
    -- Rows that a permission guards, not a reach: the whole tenant or nothing.
    FOREACH name IN ARRAY ARRAY['engineer', 'campaign', 'partner_event', 'water_quality', 'audit',
                                'idempotent_answer'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY reach ON %I TO zerodistance_api'
            ' USING (tenant_id = current_setting(''zd.tenant'')::integer)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['account', 'session', 'api_key'] LOOP
        EXECUTE format('ALTER TABLE private.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY reach ON private.%I TO zerodistance_api'
            ' USING (tenant_id = current_setting(''zd.tenant'')::integer)', name);
    END LOOP;
    -- Rows without a tenant of their own: whoever sees the device, home, ticket or campaign sees them.
    FOREACH name IN ARRAY ARRAY['device_credential', 'adapter_mapping', 'watch_state', 'food_reminder'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY reach ON %1$I TO zerodistance_api'
            ' USING (EXISTS (SELECT FROM device d WHERE d.id = %1$I.device_id))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['owner', 'place'] LOOP
        EXECUTE format('ALTER TABLE private.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY reach ON private.%1$I TO zerodistance_api'
            ' USING (EXISTS (SELECT FROM public.household h WHERE h.id = %1$I.household_id))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['campaign_member', 'campaign_history'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY reach ON %1$I TO zerodistance_api'
            ' USING (EXISTS (SELECT FROM campaign c WHERE c.id = %1$I.campaign_id))', name);
    END LOOP;
END $$;
ALTER TABLE rating_score ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON rating_score TO zerodistance_api
    USING (EXISTS (SELECT FROM ticket t WHERE t.id = rating_score.ticket_id));
-- The audit of credentials outlives its device; it is told by the device's tenant.
ALTER TABLE access_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON access_event TO zerodistance_api
    USING (EXISTS (SELECT FROM device d WHERE d.id = access_event.device_id));
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON tenant TO zerodistance_api USING (id = current_setting('zd.tenant')::integer);
