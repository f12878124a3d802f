-- What the settings of service tasks name as env.NAME: differs from server to server, and is no secret.
CREATE TABLE environment (
    account_id bigint NOT NULL REFERENCES accounts,
    name text NOT NULL,
    value text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by bigint,
    PRIMARY KEY (account_id, name)
);
