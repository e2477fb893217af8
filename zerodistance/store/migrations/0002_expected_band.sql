-- What a healthy appliance would have shown: the band behind the plot of evidence. Written by the diagnosis
-- around findings only, from six hours before the onset until the finding is cleared.
CREATE TABLE expected_band (
    device_id text NOT NULL,
    channel   text NOT NULL,
    time      timestamptz NOT NULL,
    expected  double precision NOT NULL,
    low       double precision NOT NULL,
    high      double precision NOT NULL,
    PRIMARY KEY (device_id, channel, time),
    CHECK (low <= expected AND expected <= high)
);
