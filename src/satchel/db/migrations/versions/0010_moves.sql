-- Moves of an app's running instances to a version. `position` is the instance that was looked at last; `bound` the last
-- one. `due_at` is when a living worker would have given a sign.
CREATE TABLE moves (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    app_id bigint NOT NULL,
    version_id bigint NOT NULL,
    owner_id bigint NOT NULL,
    mapping jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'stopped')),
    "position" bigint NOT NULL DEFAULT 0,
    bound bigint NOT NULL,
    moved bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    error_code text,
    error text,
    attempt integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, app_id) REFERENCES apps,
    FOREIGN KEY (account_id, version_id) REFERENCES app_versions,
    FOREIGN KEY (account_id, owner_id) REFERENCES users,
    CHECK ((state = 'running') = (ended_at IS NULL)),
    CHECK ((state = 'running') = (due_at IS NOT NULL))
);
CREATE UNIQUE INDEX moves_running ON moves (account_id, app_id) WHERE state = 'running';
CREATE INDEX moves_app ON moves (account_id, app_id, id);
CREATE INDEX moves_due ON moves (due_at) WHERE due_at IS NOT NULL;

-- What became of each instance.
CREATE TABLE move_results (
    account_id bigint NOT NULL,
    move_id bigint NOT NULL,
    instance_id bigint NOT NULL,
    identifier text NOT NULL,
    from_version integer NOT NULL,
    outcome text NOT NULL,
    findings jsonb NOT NULL,
    PRIMARY KEY (account_id, move_id, instance_id),
    FOREIGN KEY (account_id, move_id) REFERENCES moves ON DELETE CASCADE
);

-- Running instances by version: how many are on earlier ones.
CREATE INDEX instances_version ON instances (account_id, app_id, version_id, id) WHERE state = 'running';

-- Since when nothing new is started from an app.
ALTER TABLE apps ADD COLUMN retired_at timestamptz;

-- The version whose settings the next attempts use, where somebody chose those of a later one for a retry.
ALTER TABLE calls ADD COLUMN settings_version_id bigint;
