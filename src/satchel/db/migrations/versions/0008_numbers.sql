-- The numbers of an app's instances come from a sequence: they are taken without a lock that a start would hold until it
-- commits, and may have gaps.
DO $$
DECLARE
    counter record;
BEGIN
    FOR counter IN SELECT app_id, last_number FROM app_counters LOOP
        EXECUTE format('CREATE SEQUENCE app_numbers_%s START %s', counter.app_id, counter.last_number + 1);
    END LOOP;
END
$$;
DROP TABLE app_counters;
