-- An engineer with a region also sees the homes of the own tickets (the policy `reach` of 0019 looks for them by
-- home), and an owner's page lists a home's tickets: at 100,000 tickets neither should read them all.
CREATE INDEX ticket_household ON ticket (household_id) WHERE household_id IS NOT NULL;
