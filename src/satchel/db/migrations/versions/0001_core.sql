-- The core schema. Every table of an account leads with account_id, so that each query is scoped by it and the
-- tables distribute by tenant. Ids are 64-bit integers from sequences; states are text under a CHECK, which a person can
-- read in psql and a migration can widen.

CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    max_file_bytes bigint NOT NULL CHECK (max_file_bytes > 0),
    overwrites_oldest boolean NOT NULL DEFAULT false, -- whether old files of ended instances give way to new ones
    created_at timestamptz NOT NULL
);

-- The hot row of each account, alone in its table: it is locked last in every transaction that moves bytes.
CREATE TABLE storage (
    account_id bigint PRIMARY KEY REFERENCES accounts,
    limit_bytes bigint NOT NULL CHECK (limit_bytes >= 0),
    used_bytes bigint NOT NULL DEFAULT 0 CHECK (used_bytes >= 0),
    reserved_bytes bigint NOT NULL DEFAULT 0 CHECK (reserved_bytes >= 0)
) WITH (fillfactor = 20);

CREATE TABLE users (
    account_id bigint NOT NULL REFERENCES accounts,
    id bigint GENERATED ALWAYS AS IDENTITY,
    email text,
    name text NOT NULL,
    time_zone text NOT NULL,
    locale text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    erased_at timestamptz,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE groups (
    account_id bigint NOT NULL REFERENCES accounts,
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, name)
);

CREATE TABLE group_members (
    account_id bigint NOT NULL,
    group_id bigint NOT NULL,
    user_id bigint NOT NULL,
    PRIMARY KEY (account_id, group_id, user_id),
    FOREIGN KEY (account_id, group_id) REFERENCES groups ON DELETE CASCADE,
    FOREIGN KEY (account_id, user_id) REFERENCES users
);
CREATE INDEX group_members_user ON group_members (account_id, user_id);

CREATE TABLE apps (
    account_id bigint NOT NULL REFERENCES accounts,
    id bigint GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    name text NOT NULL,
    category text NOT NULL,
    version_id bigint,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, code)
);

-- The last identifier number of each app, apart from the app's row: readers of the app never wait for a start.
CREATE TABLE app_counters (
    account_id bigint NOT NULL,
    app_id bigint NOT NULL,
    last_number bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, app_id),
    FOREIGN KEY (account_id, app_id) REFERENCES apps
) WITH (fillfactor = 20);

CREATE TABLE app_versions (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    app_id bigint NOT NULL,
    number integer NOT NULL,
    manifest bytea NOT NULL,
    bpmn bytea NOT NULL,
    deployed_at timestamptz NOT NULL,
    deployed_by bigint,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, app_id, number),
    FOREIGN KEY (account_id, app_id) REFERENCES apps
);

-- Which slot column of instances holds which searchable field; stable over an app's versions.
CREATE TABLE app_slots (
    account_id bigint NOT NULL,
    app_id bigint NOT NULL,
    field_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('text', 'number', 'time')),
    slot integer NOT NULL CHECK (slot BETWEEN 0 AND 9),
    PRIMARY KEY (account_id, app_id, field_id),
    UNIQUE (account_id, app_id, kind, slot),
    FOREIGN KEY (account_id, app_id) REFERENCES apps
);

-- A right of a group: for one app, or for the whole account where app_id is null.
CREATE TABLE grants (
    account_id bigint NOT NULL,
    group_id bigint NOT NULL,
    app_id bigint,
    "right" text NOT NULL CHECK ("right" IN ('start', 'view', 'modify', 'delete', 'manage', 'export', 'admin')),
    UNIQUE NULLS NOT DISTINCT (account_id, group_id, app_id, "right"),
    FOREIGN KEY (account_id, group_id) REFERENCES groups ON DELETE CASCADE,
    FOREIGN KEY (account_id, app_id) REFERENCES apps,
    CHECK ("right" <> 'admin' OR app_id IS NULL)
);

-- Programs that people let act for them (OAuth2). One without a secret proves by PKCE that it asked for its code.
CREATE TABLE oauth_clients (
    account_id bigint NOT NULL REFERENCES accounts,
    id bigint GENERATED ALWAYS AS IDENTITY,
    public_id text NOT NULL UNIQUE,
    name text NOT NULL,
    secret_hash bytea,
    redirect_uris text[] NOT NULL,
    created_at timestamptz NOT NULL,
    created_by bigint,
    revoked_at timestamptz,
    PRIMARY KEY (account_id, id)
);

-- How users prove who they are. Passwords have an argon2id hash and no lookup; tokens are found by their SHA-256.
CREATE TABLE credentials (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('password', 'api_password', 'token', 'api_key', 'session', 'hash_session',
        'hash_key', 'named_key', 'oauth_refresh', 'oauth_access', 'application', 'application_token', 'person_token')),
    name text NOT NULL,
    password_hash text,
    token_hash bytea UNIQUE,
    csrf_hash bytea,
    parent_id bigint, -- the credential that it was made from, and ends with
    client_id bigint, -- the program that it was given to
    scope text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, user_id) REFERENCES users,
    FOREIGN KEY (account_id, parent_id) REFERENCES credentials,
    FOREIGN KEY (account_id, client_id) REFERENCES oauth_clients,
    CHECK ((password_hash IS NULL) <> (token_hash IS NULL))
);
CREATE INDEX credentials_parent ON credentials (account_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX credentials_ended ON credentials (least(expires_at, revoked_at))
    WHERE kind IN ('session', 'hash_session', 'oauth_refresh', 'oauth_access', 'application_token', 'person_token');
CREATE INDEX credentials_user ON credentials (account_id, user_id, kind) WHERE revoked_at IS NULL;

CREATE INDEX credentials_client ON credentials (account_id, client_id, user_id) WHERE client_id IS NOT NULL;

-- What a program was promised and has a minute to exchange; a used one stays until it would have ended, so that a second
-- use is seen and ends what the first one gave.
CREATE TABLE oauth_codes (
    code_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL,
    client_id bigint NOT NULL,
    user_id bigint NOT NULL,
    redirect_uri text NOT NULL,
    scope text NOT NULL,
    challenge text,
    expires_at timestamptz NOT NULL,
    refresh_id bigint,
    FOREIGN KEY (account_id, client_id) REFERENCES oauth_clients,
    FOREIGN KEY (account_id, user_id) REFERENCES users
);
CREATE INDEX oauth_codes_expiry ON oauth_codes (expires_at);
CREATE INDEX oauth_codes_client ON oauth_codes (account_id, client_id);

-- Wrong passwords per login name and per address, so that guessing is slow on every process at once.
CREATE TABLE sign_in_failures (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    window_ends_at timestamptz NOT NULL
);

-- What the calls of an account sign in with elsewhere, sealed with a key that is not in the database. An empty list of
-- hosts lets it go to any.
CREATE TABLE secrets (
    account_id bigint NOT NULL REFERENCES accounts,
    name text NOT NULL,
    sealed bytea NOT NULL,
    hosts text[] NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by bigint,
    PRIMARY KEY (account_id, name)
);

CREATE TABLE signing_keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);

CREATE TABLE instances (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    uuid uuid NOT NULL,
    app_id bigint NOT NULL,
    version_id bigint NOT NULL,
    number bigint NOT NULL,
    identifier text NOT NULL,
    title text NOT NULL,
    title_folded text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'ended', 'cancelled', 'failed')),
    starter_id bigint,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    revision integer NOT NULL DEFAULT 1,
    "values" jsonb NOT NULL,
    parent_id bigint,
    parent_token text,
    depth integer NOT NULL DEFAULT 0,
    grams text[] NOT NULL DEFAULT '{}',
    long_texts jsonb NOT NULL DEFAULT '{}', -- by field: folded texts that are longer than a slot column
    text_0 text, text_1 text, text_2 text, text_3 text, text_4 text,
    text_5 text, text_6 text, text_7 text, text_8 text, text_9 text,
    number_0 numeric, number_1 numeric, number_2 numeric, number_3 numeric, number_4 numeric,
    number_5 numeric, number_6 numeric, number_7 numeric, number_8 numeric, number_9 numeric,
    time_0 timestamptz, time_1 timestamptz, time_2 timestamptz, time_3 timestamptz, time_4 timestamptz,
    time_5 timestamptz, time_6 timestamptz, time_7 timestamptz, time_8 timestamptz, time_9 timestamptz,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, app_id, number),
    UNIQUE (account_id, uuid),
    FOREIGN KEY (account_id, app_id) REFERENCES apps,
    FOREIGN KEY (account_id, version_id) REFERENCES app_versions,
    FOREIGN KEY (account_id, starter_id) REFERENCES users
) WITH (fillfactor = 80);
CREATE INDEX instances_started ON instances (account_id, started_at DESC, id DESC);
CREATE INDEX instances_app_started ON instances (account_id, app_id, started_at DESC, id DESC);
CREATE INDEX instances_app_state ON instances (account_id, app_id, state, started_at DESC, id DESC);
CREATE INDEX instances_state ON instances (account_id, state, started_at DESC, id DESC);
CREATE INDEX instances_number ON instances (account_id, number, started_at DESC, id DESC);
CREATE INDEX instances_ended ON instances (account_id, ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
CREATE INDEX instances_app_ended ON instances (account_id, app_id, ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
CREATE INDEX instances_starter ON instances (account_id, starter_id, started_at DESC, id DESC);
CREATE INDEX instances_title ON instances (account_id, title_folded, started_at DESC, id DESC);
CREATE INDEX instances_app_title ON instances (account_id, app_id, title_folded, started_at DESC, id DESC);
CREATE INDEX instances_app_number ON instances (account_id, app_id, number, started_at DESC, id DESC);
CREATE INDEX instances_identifier ON instances (account_id, identifier);
CREATE INDEX instances_parent ON instances (account_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX instances_grams ON instances USING gin (grams) WITH (fastupdate = on);
DO $$
DECLARE kind text; slot integer;
BEGIN
    FOREACH kind IN ARRAY ARRAY['text', 'number', 'time'] LOOP
        FOR slot IN 0..9 LOOP
            EXECUTE format(
                'CREATE INDEX instances_%1$s_%2$s ON instances (account_id, app_id, %1$s_%2$s, started_at DESC, id DESC)'
                ' WHERE %1$s_%2$s IS NOT NULL', kind, slot);
        END LOOP;
    END LOOP;
END $$;

-- What a user marked for themselves.
CREATE TABLE stars (
    account_id bigint NOT NULL,
    user_id bigint NOT NULL,
    instance_id bigint NOT NULL,
    PRIMARY KEY (account_id, user_id, instance_id),
    FOREIGN KEY (account_id, user_id) REFERENCES users,
    FOREIGN KEY (account_id, instance_id) REFERENCES instances ON DELETE CASCADE
);
CREATE INDEX stars_instance ON stars (account_id, instance_id);

-- The engine's state, apart from the searched row so that a step does not rewrite it.
CREATE TABLE instance_states (
    account_id bigint NOT NULL,
    instance_id bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (account_id, instance_id),
    FOREIGN KEY (account_id, instance_id) REFERENCES instances ON DELETE CASCADE
);

CREATE TABLE tasks (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    instance_id bigint NOT NULL,
    app_id bigint NOT NULL,
    version_id bigint NOT NULL,
    element text NOT NULL,
    token text NOT NULL,
    name text NOT NULL,
    variables jsonb NOT NULL,
    state text NOT NULL CHECK (state IN
        ('unassigned', 'assigned', 'arrived', 'done', 'delayed', 'faulty', 'failed', 'cancelled')),
    holder_id bigint,
    group_id bigint,
    due_at timestamptz,
    fails_at timestamptz,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by bigint,
    outcome text,
    revision integer NOT NULL DEFAULT 1,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, instance_id, token),
    FOREIGN KEY (account_id, instance_id) REFERENCES instances ON DELETE CASCADE,
    FOREIGN KEY (account_id, holder_id) REFERENCES users,
    FOREIGN KEY (account_id, group_id) REFERENCES groups,
    CHECK ((closed_at IS NULL) = (state IN ('unassigned', 'assigned', 'arrived'))),
    CHECK ((state = 'unassigned') <= (holder_id IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX tasks_holder ON tasks (account_id, holder_id, id) WHERE closed_at IS NULL AND holder_id IS NOT NULL;
CREATE INDEX tasks_offered_group ON tasks (account_id, group_id, id) WHERE state = 'unassigned' AND group_id IS NOT NULL;
CREATE INDEX tasks_offered_app ON tasks (account_id, app_id, id) WHERE state = 'unassigned' AND group_id IS NULL;
CREATE INDEX tasks_open ON tasks (account_id, instance_id) WHERE closed_at IS NULL;
CREATE INDEX tasks_fails ON tasks (fails_at) WHERE closed_at IS NULL AND fails_at IS NOT NULL;

-- What a client outside calls a task and says of it, kept word for word for clients; the process does not see it.
CREATE TABLE task_details (
    account_id bigint NOT NULL,
    task_id bigint NOT NULL,
    label text,
    reference text, -- the client's own number for it
    begins_at timestamptz,
    more jsonb NOT NULL,
    PRIMARY KEY (account_id, task_id),
    FOREIGN KEY (account_id, task_id) REFERENCES tasks ON DELETE CASCADE
);
CREATE INDEX task_details_reference ON task_details (account_id, reference) WHERE reference IS NOT NULL;

-- Tasks whose forms are filled in for a check-in, and the check-in (an instance too) that each was handed in with. One
-- that never is goes with its instance.
CREATE TABLE checkin_forms (
    account_id bigint NOT NULL,
    task_id bigint NOT NULL,
    checkin_id bigint,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, task_id),
    UNIQUE (account_id, checkin_id),
    FOREIGN KEY (account_id, task_id) REFERENCES tasks ON DELETE CASCADE,
    FOREIGN KEY (account_id, checkin_id) REFERENCES instances ON DELETE CASCADE
);
CREATE INDEX checkin_forms_waiting ON checkin_forms (created_at) WHERE checkin_id IS NULL;

-- What an instance waits for besides people: timers, messages, called instances. A row goes when its wait is over.
CREATE TABLE waits (
    account_id bigint NOT NULL,
    instance_id bigint NOT NULL,
    token text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('timer', 'message', 'call')),
    element text NOT NULL,
    name text,
    due_at timestamptz,
    child_id bigint,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, instance_id, token),
    FOREIGN KEY (account_id, instance_id) REFERENCES instances ON DELETE CASCADE
);
CREATE INDEX waits_due ON waits (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX waits_child ON waits (account_id, child_id) WHERE child_id IS NOT NULL;

-- The record of each service task that became due.
CREATE TABLE calls (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    instance_id bigint NOT NULL,
    element text NOT NULL,
    token text NOT NULL,
    kind text NOT NULL,
    variables jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'done', 'failed', 'cancelled')),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by bigint,
    error text,
    -- The attempt that runs or ran last; from which one and since when those count that `retry` allows; when the next
    -- one is due, if it waits for its pause.
    attempt integer NOT NULL DEFAULT 0,
    counted_from integer NOT NULL DEFAULT 0,
    counted_since timestamptz NOT NULL,
    due_at timestamptz,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, instance_id, token),
    FOREIGN KEY (account_id, instance_id) REFERENCES instances ON DELETE CASCADE
);
CREATE INDEX calls_waiting ON calls (account_id, id) WHERE state = 'waiting';
CREATE INDEX calls_due ON calls (due_at) WHERE state = 'waiting' AND due_at IS NOT NULL;

-- What each attempt of a service task did. `run` names the job that makes it: one that stalled and was taken over
-- finds another name here, and its result is not taken.
CREATE TABLE call_attempts (
    account_id bigint NOT NULL,
    call_id bigint NOT NULL,
    number integer NOT NULL,
    run text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'dropped')),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    reason text,
    message text,
    details jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (account_id, call_id, number),
    FOREIGN KEY (account_id, call_id) REFERENCES calls ON DELETE CASCADE
);

CREATE TABLE incidents (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    instance_id bigint NOT NULL,
    element text NOT NULL,
    token text,
    code text NOT NULL,
    message text NOT NULL,
    details jsonb NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, instance_id) REFERENCES instances ON DELETE CASCADE
);
CREATE INDEX incidents_open ON incidents (account_id, instance_id) WHERE closed_at IS NULL;

-- Addresses that an app tells what happens to its instances. `user_id` made it or changed it last: it tells what they
-- may see. `sealed` signs; `previous_sealed` signs too until `previous_until`. One that fails rests between attempts.
CREATE TABLE webhooks (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    app_id bigint NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL CHECK (cardinality(events) > 0),
    format text NOT NULL,
    user_id bigint NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    disabled text,
    failing_since timestamptz,
    rests_until timestamptz,
    sealed bytea NOT NULL,
    previous_sealed bytea,
    previous_until timestamptz,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, app_id) REFERENCES apps,
    FOREIGN KEY (account_id, user_id) REFERENCES users,
    CHECK (is_active <= (disabled IS NULL))
);
CREATE INDEX webhooks_app ON webhooks (account_id, app_id);

-- What each webhook is told, written by the transaction in which it happened. The instance's own goes with it.
CREATE TABLE webhook_deliveries (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    uuid uuid NOT NULL,
    webhook_id bigint NOT NULL,
    instance_id bigint,
    happening text NOT NULL CHECK (happening IN ('start', 'save', 'task_done', 'end', 'test')),
    at timestamptz NOT NULL,
    snapshot jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempt integer NOT NULL DEFAULT 0,
    counted_from integer NOT NULL DEFAULT 0,
    counted_since timestamptz NOT NULL,
    due_at timestamptz,
    ended_at timestamptz,
    reason text,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, webhook_id) REFERENCES webhooks ON DELETE CASCADE,
    FOREIGN KEY (account_id, instance_id) REFERENCES instances ON DELETE CASCADE,
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (account_id, webhook_id, id);
CREATE INDEX webhook_deliveries_instance ON webhook_deliveries (account_id, instance_id) WHERE instance_id IS NOT NULL;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'waiting' AND due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;

-- What each attempt of a delivery did; `run` is that of call_attempts.
CREATE TABLE webhook_attempts (
    account_id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    number integer NOT NULL,
    run text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    status integer,
    duration_ms integer,
    reason text,
    message text,
    reply text NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, delivery_id, number),
    FOREIGN KEY (account_id, delivery_id) REFERENCES webhook_deliveries ON DELETE CASCADE
);

-- Bytes that the store holds. The row exists only after the bytes are durable; the sweep deletes bytes and row under
-- the row's lock, and the foreign keys of files, uploads and previews keep a named blob from ever going.
CREATE TABLE blobs (
    account_id bigint NOT NULL REFERENCES accounts,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    created_at timestamptz NOT NULL,
    crc32 bigint, -- noted the first time that the bytes go into an archive
    PRIMARY KEY (account_id, digest)
);

-- Uploads and files share their numbers: a ticket and the file that it becomes have the same id.
CREATE SEQUENCE file_ids AS bigint;

CREATE TABLE uploads (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('created', 'receiving', 'uploaded', 'claimed', 'expired')),
    user_id bigint NOT NULL,
    app_id bigint NOT NULL,
    instance_id bigint,
    task_id bigint,
    field_id text,
    area text,
    declared_bytes bigint NOT NULL CHECK (declared_bytes >= 0),
    reserved_bytes bigint NOT NULL CHECK (reserved_bytes >= 0),
    min_bytes bigint NOT NULL,
    accept text[] NOT NULL,
    images_only boolean NOT NULL,
    name text,
    media_type text,
    expected_digest text,
    metadata jsonb NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    attempt integer NOT NULL DEFAULT 0,
    lease_until timestamptz,
    tus_length bigint,
    tus_metadata text,
    digest text,
    size_bytes bigint,
    reason text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, app_id) REFERENCES apps,
    FOREIGN KEY (account_id, digest) REFERENCES blobs,
    CHECK ((state IN ('claimed', 'expired')) = (ended_at IS NOT NULL)),
    CHECK (state NOT IN ('claimed', 'expired') OR reserved_bytes = 0)
);
CREATE INDEX uploads_expiring ON uploads (expires_at) WHERE state IN ('created', 'receiving');
CREATE INDEX uploads_task ON uploads (account_id, task_id, field_id) WHERE ended_at IS NULL AND task_id IS NOT NULL;
CREATE INDEX uploads_instance ON uploads (account_id, instance_id, field_id) WHERE ended_at IS NULL AND instance_id IS NOT NULL;
CREATE INDEX uploads_start ON uploads (account_id, app_id, user_id, field_id) WHERE ended_at IS NULL AND instance_id IS NULL;
CREATE INDEX uploads_digest ON uploads (account_id, digest) WHERE digest IS NOT NULL;
CREATE INDEX uploads_ended ON uploads (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE files (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    instance_id bigint NOT NULL,
    field_id text,
    area text,
    position integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('stored', 'link', 'drive', 'onedrive')),
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    size_bytes bigint,
    media_type text,
    digest text,
    url text,
    metadata jsonb NOT NULL DEFAULT '{}',
    source_file_id bigint,
    created_at timestamptz NOT NULL,
    created_by bigint,
    deleted_at timestamptz,
    deleted_by bigint,
    revision integer NOT NULL DEFAULT 1,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, uuid),
    FOREIGN KEY (account_id, instance_id) REFERENCES instances,
    FOREIGN KEY (account_id, digest) REFERENCES blobs,
    CHECK ((kind = 'stored') = (digest IS NOT NULL AND size_bytes IS NOT NULL AND url IS NULL)),
    CHECK ((kind = 'stored') OR url IS NOT NULL)
);
CREATE INDEX files_instance ON files (account_id, instance_id, field_id, position, id);
CREATE INDEX files_digest ON files (account_id, digest) WHERE digest IS NOT NULL;
CREATE INDEX files_deleted ON files (deleted_at) WHERE deleted_at IS NOT NULL;

-- The small picture of an image's bytes; made once however many files share them. Counts nothing against the quota.
CREATE TABLE previews (
    account_id bigint NOT NULL,
    digest text NOT NULL,
    state text NOT NULL CHECK (state IN ('due', 'made', 'refused')),
    preview_digest text,
    media_type text,
    facts jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (account_id, digest),
    FOREIGN KEY (account_id, digest) REFERENCES blobs,
    FOREIGN KEY (account_id, preview_digest) REFERENCES blobs,
    CHECK ((state = 'made') = (preview_digest IS NOT NULL))
);
CREATE INDEX previews_digest ON previews (account_id, preview_digest) WHERE preview_digest IS NOT NULL;

-- History: append-only, and outlives the instance that it tells of, so it has no foreign keys but the account.
CREATE TABLE events (
    account_id bigint NOT NULL REFERENCES accounts,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    instance_id bigint,
    task_id bigint,
    file_id bigint,
    user_id bigint,
    credential_id bigint,
    address text,
    data jsonb NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX events_instance ON events (account_id, instance_id, id) WHERE instance_id IS NOT NULL;

CREATE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history is append-only';
END $$;
CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- When a credential last fetched a file: one download event per credential, file and ten minutes.
CREATE TABLE download_marks (
    account_id bigint NOT NULL,
    credential_id bigint NOT NULL,
    file_id bigint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (account_id, credential_id, file_id)
);
CREATE INDEX download_marks_at ON download_marks (at);

CREATE TABLE saved_searches (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    owner_id bigint NOT NULL,
    name text NOT NULL,
    query jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, owner_id) REFERENCES users
);

CREATE TABLE saved_search_groups (
    account_id bigint NOT NULL,
    search_id bigint NOT NULL,
    group_id bigint NOT NULL,
    PRIMARY KEY (account_id, search_id, group_id),
    FOREIGN KEY (account_id, search_id) REFERENCES saved_searches ON DELETE CASCADE,
    FOREIGN KEY (account_id, group_id) REFERENCES groups ON DELETE CASCADE
);

-- Archives of what a search found. The list is frozen: while an export lives, its entries keep the bytes that they name.
CREATE TABLE exports (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    owner_id bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('preparing', 'ready', 'failed', 'ended')),
    query jsonb NOT NULL,
    search_id bigint,
    fields text[],
    with_attachments boolean NOT NULL,
    with_values boolean NOT NULL,
    -- How far the listing is, and its sums.
    cursor text,
    is_listed boolean NOT NULL DEFAULT false,
    app_ids bigint[] NOT NULL DEFAULT '{}',
    instances bigint NOT NULL DEFAULT 0,
    files bigint NOT NULL DEFAULT 0,
    file_bytes bigint NOT NULL DEFAULT 0,
    left_out bigint NOT NULL DEFAULT 0,
    missing bigint NOT NULL DEFAULT 0,
    search_window bigint,
    entries bigint NOT NULL DEFAULT 0,
    members bigint NOT NULL DEFAULT 0,
    next_offset bigint NOT NULL DEFAULT 0,
    directory_bytes bigint NOT NULL DEFAULT 0,
    size_bytes bigint,
    error_code text,
    error text,
    attempt integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    created_at timestamptz NOT NULL,
    ready_at timestamptz,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, owner_id) REFERENCES users,
    CHECK ((state = 'ready') <= (size_bytes IS NOT NULL)),
    CHECK ((state = 'preparing') = (due_at IS NOT NULL))
);
CREATE INDEX exports_owner ON exports (account_id, owner_id, id);
CREATE INDEX exports_due ON exports (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX exports_expiring ON exports (expires_at);

CREATE TABLE export_entries (
    account_id bigint NOT NULL,
    export_id bigint NOT NULL,
    "position" bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('file', 'instance', 'report')),
    path text,
    digest text,
    size_bytes bigint NOT NULL,
    modified_at timestamptz NOT NULL,
    line text,
    "offset" bigint NOT NULL,
    record_offset bigint NOT NULL,
    PRIMARY KEY (account_id, export_id, "position"),
    FOREIGN KEY (account_id, export_id) REFERENCES exports,
    FOREIGN KEY (account_id, digest) REFERENCES blobs,
    CHECK ((path IS NULL) = (digest IS NULL))
);
CREATE INDEX export_entries_digest ON export_entries (account_id, digest) WHERE digest IS NOT NULL;
CREATE INDEX export_entries_offset ON export_entries (account_id, export_id, "offset") WHERE path IS NOT NULL;
CREATE INDEX export_entries_record ON export_entries (account_id, export_id, record_offset) WHERE path IS NOT NULL;

-- Saved searches whose new files go to a folder of the server every night. due_at is the next run; while one runs,
-- when it is taken to be dead.
CREATE TABLE schedules (
    account_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    owner_id bigint NOT NULL,
    search_id bigint NOT NULL,
    folder text NOT NULL,
    minute integer NOT NULL CHECK (minute BETWEEN 0 AND 1439), -- of the owner's day
    run integer NOT NULL DEFAULT 0,
    is_running boolean NOT NULL DEFAULT false,
    cursor text,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, folder),
    FOREIGN KEY (account_id, owner_id) REFERENCES users,
    FOREIGN KEY (account_id, search_id) REFERENCES saved_searches ON DELETE CASCADE
);
CREATE INDEX schedules_due ON schedules (due_at);

CREATE TABLE schedule_runs (
    account_id bigint NOT NULL,
    schedule_id bigint NOT NULL,
    number integer NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    instances bigint NOT NULL DEFAULT 0,
    files bigint NOT NULL DEFAULT 0,
    file_bytes bigint NOT NULL DEFAULT 0,
    left_out bigint NOT NULL DEFAULT 0,
    missing bigint NOT NULL DEFAULT 0,
    error_code text,
    error text,
    PRIMARY KEY (account_id, schedule_id, number),
    FOREIGN KEY (account_id, schedule_id) REFERENCES schedules ON DELETE CASCADE
);

-- What is in the folder of a schedule already, and since which run.
CREATE TABLE schedule_files (
    account_id bigint NOT NULL,
    schedule_id bigint NOT NULL,
    instance_id bigint NOT NULL,
    file_id bigint NOT NULL,
    run integer NOT NULL,
    path text,
    line text NOT NULL,
    PRIMARY KEY (account_id, schedule_id, instance_id, file_id),
    FOREIGN KEY (account_id, schedule_id) REFERENCES schedules ON DELETE CASCADE
);
CREATE INDEX schedule_files_run ON schedule_files (account_id, schedule_id, run, instance_id, file_id);

-- What was answered to a request that carried an Idempotency-Key. status is null while the first one runs.
CREATE TABLE idempotency_keys (
    account_id bigint NOT NULL,
    credential_id bigint NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    body_digest text NOT NULL,
    status integer,
    took_effect boolean NOT NULL DEFAULT false,
    headers jsonb,
    body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, credential_id, route, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
