-- The role that Grafana reads with: everything but personal data (schema private), and nothing else.
-- Run after each migrate with psql: -v password=… ; \gexec makes it repeatable.
SELECT 'CREATE ROLE grafana_reader LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana_reader')
\gexec
ALTER ROLE grafana_reader PASSWORD :'password' CONNECTION LIMIT 20;
-- A dashboard that asks for too much must not starve the platform.
ALTER ROLE grafana_reader SET statement_timeout = '30s';
ALTER ROLE grafana_reader SET default_transaction_read_only = on;
-- Operations watch the fleet of all brands; the row-level security is for the API's role.
ALTER ROLE grafana_reader BYPASSRLS;
GRANT USAGE ON SCHEMA public TO grafana_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO grafana_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO grafana_reader;
-- Answers that were given to callers, who did what, secrets and what goes to partners are nobody's panel.
REVOKE SELECT ON audit, idempotent_answer, device_credential, webhook, webhook_event, webhook_delivery,
    webhook_attempt FROM grafana_reader;
