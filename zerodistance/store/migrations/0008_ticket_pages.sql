-- Pages of tickets read as many rows as they show, and the figures on top of the console read an index, however
-- many tickets were ever closed.
CREATE INDEX ticket_latest ON ticket (tenant_id, opened_at DESC, number DESC);
CREATE INDEX ticket_ended ON ticket (tenant_id, (coalesce(closed_at, opened_at)) DESC, number DESC)
    WHERE state IN ('closed', 'cancelled', 'merged');
CREATE INDEX ticket_figures ON ticket (tenant_id) INCLUDE (state, origin, visit_avoided);
