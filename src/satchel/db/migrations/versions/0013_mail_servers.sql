-- The mail server of an account in place of the server's own (`host` null: that one), and how it fares. `sealed` is its
-- password. While it fails, it rests between attempts.
CREATE TABLE mail_servers (
    account_id bigint NOT NULL PRIMARY KEY REFERENCES accounts,
    security text,
    host text,
    port integer,
    login text,
    sealed bytea,
    sender text,
    changed_at timestamptz,
    failing_since timestamptz,
    rests_until timestamptz,
    failure text,
    CHECK ((host IS NULL) = (security IS NULL) AND (host IS NULL) = (port IS NULL) AND (host IS NULL) = (sender IS NULL)),
    CHECK ((failing_since IS NULL) = (rests_until IS NULL))
);
