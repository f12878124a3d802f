-- Storage: `ceiling_bytes` is what the operator lets the account have, `own_limit_bytes` what its administrators set below
-- that (null: nothing). `limit_bytes` is the less of the two, the one number that reservations compare with. What was the
-- quota until now becomes the ceiling.
ALTER TABLE storage ADD COLUMN ceiling_bytes bigint CHECK (ceiling_bytes >= 0);
UPDATE storage SET ceiling_bytes = limit_bytes;
ALTER TABLE storage ALTER COLUMN ceiling_bytes SET NOT NULL;
ALTER TABLE storage ADD COLUMN own_limit_bytes bigint CHECK (own_limit_bytes >= 0);

-- People: an e-mail is unique within its account, and may sign in to several.
DROP INDEX users_email;
CREATE UNIQUE INDEX users_email ON users (account_id, lower(email));
CREATE INDEX users_email_anywhere ON users (lower(email));

-- Tries with passwords, counted before a password is verified: per login and network, per network, per login. How long
-- the next try has to wait follows from how many there were and when the last one was. `known_until` is of a login and
-- network with which somebody signed in.
ALTER TABLE sign_in_failures ADD COLUMN last_at timestamptz;
UPDATE sign_in_failures SET last_at = window_ends_at - interval '10 minutes';
ALTER TABLE sign_in_failures ALTER COLUMN last_at SET NOT NULL;
ALTER TABLE sign_in_failures ADD COLUMN known_until timestamptz;
CREATE INDEX credentials_application ON credentials (scope) WHERE kind = 'application';

-- Secrets: the codes of the apps whose calls may use one, also of apps to come; `*` stands for every app.
ALTER TABLE secrets ADD COLUMN apps text[] NOT NULL DEFAULT '{}';
ALTER TABLE secrets ALTER COLUMN apps DROP DEFAULT;
