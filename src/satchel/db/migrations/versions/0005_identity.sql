-- Storage: `ceiling_bytes` is what the operator lets the account have, `own_limit_bytes` what its administrators set below
-- that (null: nothing). `limit_bytes` is the less of the two, the one number that reservations compare with. What was the
-- quota until now becomes the ceiling.
ALTER TABLE storage ADD COLUMN ceiling_bytes bigint CHECK (ceiling_bytes >= 0);
UPDATE storage SET ceiling_bytes = limit_bytes;
ALTER TABLE storage ALTER COLUMN ceiling_bytes SET NOT NULL;
ALTER TABLE storage ADD COLUMN own_limit_bytes bigint CHECK (own_limit_bytes >= 0);
