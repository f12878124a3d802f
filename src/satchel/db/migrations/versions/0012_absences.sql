-- Who is away, and who stands in for them. The days are those of the person's time zone when they were set; the moments
-- follow from them. What has ended is removed by the sweep: the history keeps it.
CREATE TABLE absences (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id bigint NOT NULL,
    substitute_id bigint NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, user_id) REFERENCES users,
    FOREIGN KEY (account_id, substitute_id) REFERENCES users,
    CHECK (first_day <= last_day),
    CHECK (from_at < until_at),
    CHECK (user_id <> substitute_id)
);
CREATE INDEX absences_user ON absences (account_id, user_id, until_at);
CREATE INDEX absences_until ON absences (until_at);

-- The absent user for whom somebody else holds a task, and whether the present holder has started: what they have not goes
-- back when the absence ends.
ALTER TABLE tasks ADD COLUMN in_place_of bigint;
ALTER TABLE tasks ADD COLUMN is_started boolean NOT NULL DEFAULT false;
ALTER TABLE tasks ADD CONSTRAINT tasks_in_place_of FOREIGN KEY (account_id, in_place_of) REFERENCES users;
CREATE INDEX tasks_in_place ON tasks (id) WHERE in_place_of IS NOT NULL AND closed_at IS NULL;

-- When an account works, as `satchel.actions.calendars` writes it. Without a row it works Monday to Friday.
CREATE TABLE calendars (
    account_id bigint PRIMARY KEY REFERENCES accounts,
    settings jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);
