-- Indexes of questions that read a whole table: what a person uploads, incidents of an instance that goes, tasks of a
-- group that goes, and the work list.
CREATE INDEX uploads_user ON uploads (account_id, user_id, id) WHERE ended_at IS NULL;

CREATE INDEX incidents_instance ON incidents (account_id, instance_id);
CREATE INDEX incidents_listed ON incidents (account_id, id) WHERE closed_at IS NULL;
DROP INDEX incidents_open;

CREATE INDEX tasks_group ON tasks (account_id, group_id) WHERE group_id IS NOT NULL;
CREATE INDEX tasks_opened ON tasks (account_id, opened_at, id);
CREATE INDEX tasks_done ON tasks (account_id, closed_by, closed_at, id) WHERE closed_by IS NOT NULL;
CREATE INDEX tasks_name ON tasks (account_id, lower(name));
