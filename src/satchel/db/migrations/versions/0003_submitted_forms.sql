-- The forms with which people started instances (task_id is null) and completed tasks, as they submitted them: what they
-- see of their own work, whatever becomes of the instance's values. `fields` are those that the form let them fill in;
-- each element of `files` has id, name and description. All of it goes with its instance.
CREATE TABLE submitted_forms (
    account_id bigint NOT NULL,
    instance_id bigint NOT NULL,
    user_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    task_id bigint,
    submitted_at timestamptz NOT NULL,
    fields text[] NOT NULL,
    "values" jsonb NOT NULL,
    files jsonb NOT NULL,
    PRIMARY KEY (account_id, instance_id, user_id, id),
    FOREIGN KEY (account_id, instance_id) REFERENCES instances ON DELETE CASCADE,
    FOREIGN KEY (account_id, user_id) REFERENCES users
);
