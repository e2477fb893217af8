-- What `zerodistance reconcile` compares the tables with.

-- Rows that were inserted into a type's telemetry table, by the UTC day of their event time: written in the
-- transaction of the rows. A day older than the retention keeps its number when its rows are dropped.
CREATE TABLE telemetry_count (
    type text NOT NULL,
    day  date NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    PRIMARY KEY (type, day)
);

-- Numbers that the device gave up itself (`oldest`): settled without a row or a dead letter.
ALTER TABLE receipt ADD COLUMN given_up bigint NOT NULL DEFAULT 0;

-- A database that is older than this begins with what it holds.
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT c.oid::regclass AS name, substr(c.relname, length('telemetry_') + 1) AS type
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname LIKE 'telemetry\_%'
          AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'skew_ms')
    LOOP
        EXECUTE format(
            'INSERT INTO telemetry_count SELECT %L, (time AT TIME ZONE ''UTC'')::date, count(*) FROM %s GROUP BY 2',
            found.type, found.name);
    END LOOP;
END $$;

-- Letters that a consumer wrote of a record that no checkpoint took were not counted until now, nor rows that
-- grew too old.
INSERT INTO stage_count (stage, outcome, count)
SELECT 'before', 'letters', n FROM (
    SELECT (SELECT count(*) FROM dead_letter)
         - (SELECT coalesce(sum(count), 0) FROM stage_count WHERE outcome = 'letters') AS n) AS found
WHERE n <> 0;
INSERT INTO stage_count (stage, outcome, count)
SELECT 'before', 'events', n FROM (
    SELECT (SELECT count(*) FROM device_event)
         - (SELECT coalesce(sum(count), 0) FROM stage_count WHERE outcome = 'events' AND stage = 'store') AS n
    ) AS found
WHERE n <> 0;
INSERT INTO stage_count (stage, outcome, count)
SELECT 'before', 'parked', n FROM (
    SELECT (SELECT count(*) FROM parked_sample)
         - (SELECT coalesce(sum(count), 0) FROM stage_count WHERE outcome = 'parked') AS n) AS found
WHERE n <> 0;
