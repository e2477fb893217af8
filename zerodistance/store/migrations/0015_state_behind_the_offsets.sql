-- The diagnosis saves the state of some devices at a time, and reads the log again for the others after a
-- restart (docs/decisions/0014). Each state says what is in it; until now that was everything before the stored offset.
ALTER TABLE diagnosis_state ADD COLUMN next_offset bigint NOT NULL DEFAULT 0;
UPDATE diagnosis_state AS s SET next_offset = o.next_offset FROM log_offset AS o
    WHERE o.consumer = 'diagnose' AND o.topic = 'zd.telemetry' AND o.partition = s.partition;

-- Compressed before it comes: trying it once more costs the server more than writing it.
ALTER TABLE diagnosis_state ALTER COLUMN state SET STORAGE EXTERNAL;

-- Where reading begins again, so that every state is complete at the stored offset.
CREATE TABLE diagnosis_replay (
    partition   integer PRIMARY KEY,
    next_offset bigint NOT NULL
);

-- Records that no checkpoint could take: whoever reads again passes over them again.
CREATE TABLE log_rejected (
    consumer   text NOT NULL,
    topic      text NOT NULL,
    partition  integer NOT NULL,
    log_offset bigint NOT NULL,
    PRIMARY KEY (consumer, topic, partition, log_offset)
);
