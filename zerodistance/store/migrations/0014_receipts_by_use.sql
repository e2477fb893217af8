-- Which receipts were used last: a device whose counter of boots began anew needs those of its low numbers. Only
-- the order matters, so the server's own clock will do.
ALTER TABLE receipt ADD COLUMN written_at timestamptz NOT NULL DEFAULT now();
