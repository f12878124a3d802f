-- How far the sweep of the store came, so that one that dies is continued and not begun anew.
CREATE TABLE store_sweep (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    due_at timestamptz NOT NULL, -- of the next sweep; while one runs, when it is taken to be dead
    after_account bigint NOT NULL DEFAULT 0,
    after_digest text NOT NULL DEFAULT ''
);
INSERT INTO store_sweep (due_at) VALUES ('epoch');
