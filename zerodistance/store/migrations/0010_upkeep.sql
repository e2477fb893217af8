-- What upkeep takes away again, and who did what with a dead letter.

-- Done timers are found by age; those that wait have timer_due.
CREATE INDEX timer_done ON timer (done_at) WHERE done_at IS NOT NULL;
-- Time since when a device is gone: few are.
CREATE INDEX device_retired ON device (retired_at) WHERE retired_at IS NOT NULL;
CREATE INDEX parked_sample_parked ON parked_sample USING brin (parked_at) WITH (autosummarize = on);

-- One line for each replay (also one that was refused again) and each drop. It goes with its letter.
CREATE TABLE dead_letter_action (
    id        bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    letter_id text NOT NULL REFERENCES dead_letter ON DELETE CASCADE,
    time      timestamptz NOT NULL,
    actor     text NOT NULL,
    action    text NOT NULL CHECK (action IN ('replayed', 'refused', 'dropped')),
    detail    text NOT NULL DEFAULT ''
);
CREATE INDEX dead_letter_action_letter ON dead_letter_action (letter_id, id);

-- Days whose insights were looked for, by the time zone of the homes: once each, whoever comes first.
CREATE TABLE insight_run (
    time_zone text NOT NULL,
    day       date NOT NULL,
    PRIMARY KEY (time_zone, day)
);
