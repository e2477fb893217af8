-- What the diagnosis says of appliances and which tickets a model was made from is scoped like appliances
-- and tickets; versions of models are of no brand, and the API does not write them.
ALTER TABLE diagnosis_opinion ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON diagnosis_opinion TO zerodistance_api USING (
    tenant_id = current_setting('zd.tenant')::integer AND (current_setting('zd.reach') = 'tenant'
        OR EXISTS (SELECT FROM device d WHERE d.id = diagnosis_opinion.device_id))
) WITH CHECK (tenant_id = current_setting('zd.tenant')::integer);
ALTER TABLE model_label ENABLE ROW LEVEL SECURITY;
CREATE POLICY reach ON model_label TO zerodistance_api
    USING (EXISTS (SELECT FROM ticket t WHERE t.id = model_label.ticket_id));
REVOKE INSERT, UPDATE, DELETE ON model_version, model_promotion, model_label, diagnosis_opinion
    FROM zerodistance_api;
