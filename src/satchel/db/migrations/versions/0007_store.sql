-- Which files and which key belong to this database; neither is in it.
CREATE TABLE store (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    id uuid, -- the files' folder has it too; NULL until the two have met
    was_in_use boolean NOT NULL, -- when identities came: its files exist, and have none yet
    key_check bytea, -- a constant, sealed with the key of secrets; NULL until a server with the key has started
    key_fingerprint text
);
INSERT INTO store (was_in_use) SELECT EXISTS (SELECT FROM accounts);
