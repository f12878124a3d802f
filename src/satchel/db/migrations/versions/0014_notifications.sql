-- What people are notified of: a row for each person. Of several tasks at once (`count`) it names none. `channel` is how
-- it reaches them, as they or the app chose when it was written; `mail_at` is when it is due by mail, `mailing_id` the
-- mail that has it. No reference to instances or tasks: the check would wait for those who change them; what is gone is
-- not shown, and the sweep removes its rows.
CREATE TABLE notifications (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN
        ('assigned', 'offered', 'handed_over', 'due_soon', 'overdue', 'escalated', 'incident', 'mentioned')),
    at timestamptz NOT NULL,
    instance_id bigint,
    task_id bigint,
    incident_id bigint,
    by_id bigint,
    count integer NOT NULL DEFAULT 1 CHECK (count > 0),
    text text NOT NULL DEFAULT '',
    channel text NOT NULL CHECK (channel IN ('at_once', 'daily', 'list')),
    mail_at timestamptz,
    mailing_id bigint,
    read_at timestamptz,
    PRIMARY KEY (account_id, user_id, id)
);
CREATE INDEX notifications_unread ON notifications (account_id, user_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_unmailed ON notifications (mail_at, account_id, user_id)
    WHERE mailing_id IS NULL AND channel <> 'list';
CREATE INDEX notifications_mailed ON notifications (account_id, mailing_id, id) WHERE mailing_id IS NOT NULL;
CREATE INDEX notifications_at ON notifications USING brin (at);

-- What people chose: whether they get mail at all, when the digest comes, and by kind how it reaches them.
CREATE TABLE notification_settings (
    account_id bigint NOT NULL,
    user_id bigint NOT NULL,
    mail boolean NOT NULL,
    digest_minute integer NOT NULL CHECK (digest_minute BETWEEN 0 AND 1439),
    choices jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, user_id),
    FOREIGN KEY (account_id, user_id) REFERENCES users
);

-- What a task's people are reminded of next, and when; null: of nothing more.
ALTER TABLE tasks ADD COLUMN reminder text CHECK (reminder IN ('due_soon', 'overdue', 'escalated'));
ALTER TABLE tasks ADD COLUMN remind_at timestamptz;
ALTER TABLE tasks ADD CONSTRAINT tasks_reminder CHECK ((reminder IS NULL) = (remind_at IS NULL));
CREATE INDEX tasks_remind ON tasks (remind_at) WHERE closed_at IS NULL AND remind_at IS NOT NULL;
UPDATE tasks SET reminder = 'overdue', remind_at = due_at
    WHERE closed_at IS NULL AND due_at > now() AND fails_at IS NULL;

-- Mails to people about notifications. One that was not taken yet takes up what comes meanwhile. `run` names the job that
-- has it; from `handed_over` on nobody else sends it.
CREATE TABLE mailings (
    account_id bigint NOT NULL REFERENCES accounts,
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id bigint NOT NULL,
    state text NOT NULL CHECK (state IN
        ('waiting', 'taken', 'handed_over', 'sent', 'dropped', 'failed', 'unknown')),
    attempt integer NOT NULL DEFAULT 0,
    run text,
    created_at timestamptz NOT NULL,
    due_at timestamptz,
    ended_at timestamptz,
    reason text,
    message text,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, user_id) REFERENCES users,
    CHECK ((ended_at IS NULL) = (state IN ('waiting', 'taken', 'handed_over')))
);
CREATE UNIQUE INDEX mailings_open ON mailings (account_id, user_id) WHERE state = 'waiting' AND attempt = 0;
CREATE INDEX mailings_user ON mailings (account_id, user_id, created_at);
CREATE INDEX mailings_due ON mailings (due_at) WHERE ended_at IS NULL;
CREATE INDEX mailings_ended ON mailings (ended_at) WHERE ended_at IS NOT NULL;
