-- What pg_dump --inserts wrote of the database of a server with the steps 0001 and 0002: an account, an app, two
-- instances with a file each, a sealed secret. Never edited, never made anew: it is what such servers have.
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
CREATE TYPE public.procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);
CREATE TYPE public.procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting',
    'aborted'
);
CREATE TYPE public.procrastinate_job_to_defer_v1 AS (
	queue_name character varying,
	task_name character varying,
	priority integer,
	lock text,
	queueing_lock text,
	args jsonb,
	scheduled_at timestamp with time zone
);
CREATE FUNCTION public.procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status = 'todo'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs
            SET abort_requested = true,
                status = CASE status
                    WHEN 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status
                END
            WHERE id = job_id AND status IN ('todo', 'doing')
            RETURNING id INTO _job_id;
        ELSE
            UPDATE procrastinate_jobs
            SET status = 'cancelled'::procrastinate_job_status
            WHERE id = job_id AND status = 'todo'
            RETURNING id INTO _job_id;
        END IF;
    END IF;
    RETURN _job_id;
END;
$$;
CREATE FUNCTION public.procrastinate_defer_jobs_v1(jobs public.procrastinate_job_to_defer_v1[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted_jobs AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT (job).queue_name,
               (job).task_name,
               (job).priority,
               (job).lock,
               (job).queueing_lock,
               (job).args,
               (job).scheduled_at
        FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(id) FROM inserted_jobs INTO job_ids;
    RETURN job_ids;
END;
$$;
CREATE FUNCTION public.procrastinate_defer_periodic_job_v2(_queue_name character varying, _lock character varying, _queueing_lock character varying, _task_name character varying, _priority integer, _periodic_id character varying, _defer_timestamp bigint, _args jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
	_job_id bigint;
	_defer_id bigint;
BEGIN
    INSERT
        INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (_task_name, _periodic_id, _defer_timestamp)
        ON CONFLICT DO NOTHING
        RETURNING id into _defer_id;
    IF _defer_id IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE procrastinate_periodic_defers
        SET job_id = (
            SELECT COALESCE((
                SELECT unnest(procrastinate_defer_jobs_v1(
                    ARRAY[
                        ROW(
                            _queue_name,
                            _task_name,
                            _priority,
                            _lock,
                            _queueing_lock,
                            _args,
                            NULL::timestamptz
                        )
                    ]::procrastinate_job_to_defer_v1[]
                ))
            ), NULL)
        )
        WHERE id = _defer_id
        RETURNING job_id INTO _job_id;
    DELETE
        FROM procrastinate_periodic_defers
        USING (
            SELECT id
            FROM procrastinate_periodic_defers
            WHERE procrastinate_periodic_defers.task_name = _task_name
            AND procrastinate_periodic_defers.periodic_id = _periodic_id
            AND procrastinate_periodic_defers.defer_timestamp < _defer_timestamp
            ORDER BY id
            FOR UPDATE
        ) to_delete
        WHERE procrastinate_periodic_defers.id = to_delete.id;
    RETURN _job_id;
END;
$$;
CREATE TABLE public.procrastinate_jobs (
    id bigint NOT NULL,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    lock text,
    queueing_lock text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    status public.procrastinate_job_status DEFAULT 'todo'::public.procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint,
    CONSTRAINT check_not_todo_abort_requested CHECK ((NOT ((status = 'todo'::public.procrastinate_job_status) AND (abort_requested = true))))
);
CREATE FUNCTION public.procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint) RETURNS public.procrastinate_jobs
    LANGUAGE plpgsql
    AS $$
DECLARE
	found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.*
            FROM procrastinate_jobs AS jobs
            WHERE
                -- reject the job if its lock has earlier or higher priority jobs
                NOT EXISTS (
                    SELECT 1
                        FROM procrastinate_jobs AS other_jobs
                        WHERE
                            jobs.lock IS NOT NULL
                            AND other_jobs.lock = jobs.lock
                            AND (
                                -- job with same lock is already running
                                other_jobs.status = 'doing'
                                OR
                                -- job with same lock is waiting and has higher priority (or same priority but was queued first)
                                (
                                    other_jobs.status = 'todo'
                                    AND (
                                        other_jobs.priority > jobs.priority
                                        OR (
                                        other_jobs.priority = jobs.priority
                                        AND other_jobs.id < jobs.id
                                        )
                                    )
                                )
                            )
                )
                AND jobs.status = 'todo'
                AND (target_queue_names IS NULL OR jobs.queue_name = ANY( target_queue_names ))
                AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = p_worker_id
        FROM candidate
        WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;
 RETURN found_jobs;
END;
$$;
CREATE FUNCTION public.procrastinate_finish_job_v1(job_id bigint, end_status public.procrastinate_job_status, delete_job boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status,
            abort_requested = false,
            attempts = CASE status
                WHEN 'doing' THEN attempts + 1 ELSE attempts
            END
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;
CREATE FUNCTION public.procrastinate_notify_queue_abort_job_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_notify_queue_job_inserted_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat double precision) RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
    WHERE last_heartbeat < NOW() - (seconds_since_heartbeat || 'SECOND')::INTERVAL
    RETURNING procrastinate_workers.id;
END;
$$;
CREATE FUNCTION public.procrastinate_register_worker_v1() RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers DEFAULT VALUES
    RETURNING procrastinate_workers.id;
END;
$$;
CREATE FUNCTION public.procrastinate_retry_job_v1(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
BEGIN
    SELECT abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status = 'doing'
    FOR UPDATE
    INTO _abort_requested;
    IF _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END;
$$;
CREATE FUNCTION public.procrastinate_retry_job_v2(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
    _current_status procrastinate_job_status;
BEGIN
    SELECT status, abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status IN ('doing', 'failed')
    FOR UPDATE
    INTO _current_status, _abort_requested;
    IF _current_status = 'doing' AND _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status IN ('doing', 'failed')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;
END;
$$;
CREATE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_trigger_function_status_events_update_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH t AS (
        SELECT CASE
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND NEW.status = 'doing'::procrastinate_job_status
                THEN 'started'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'deferred_for_retry'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'failed'::procrastinate_job_status
                THEN 'failed'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'succeeded'::procrastinate_job_status
                THEN 'succeeded'::procrastinate_job_event_type
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND (
                    NEW.status = 'cancelled'::procrastinate_job_status
                    OR NEW.status = 'failed'::procrastinate_job_status
                    OR NEW.status = 'succeeded'::procrastinate_job_status
                )
                THEN 'cancelled'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'aborted'::procrastinate_job_status
                THEN 'aborted'::procrastinate_job_event_type
            WHEN OLD.status = 'failed'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'retried'::procrastinate_job_event_type
            ELSE NULL
        END as event_type
    )
    INSERT INTO procrastinate_events(job_id, type)
        SELECT NEW.id, t.event_type
        FROM t
        WHERE t.event_type IS NOT NULL;
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_unlink_periodic_defers_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
    SET job_id = NULL
    WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;
CREATE FUNCTION public.procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM procrastinate_workers
    WHERE id = worker_id;
END;
$$;
CREATE FUNCTION public.procrastinate_update_heartbeat_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_workers
    SET last_heartbeat = NOW()
    WHERE id = worker_id;
END;
$$;
CREATE FUNCTION public.refuse_to_change_history() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the history is append-only';
END $$;
CREATE TABLE public.accounts (
    id bigint NOT NULL,
    name text NOT NULL,
    max_file_bytes bigint NOT NULL,
    overwrites_oldest boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT accounts_max_file_bytes_check CHECK ((max_file_bytes > 0))
);
ALTER TABLE public.accounts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.app_counters (
    account_id bigint NOT NULL,
    app_id bigint NOT NULL,
    last_number bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='20');
CREATE TABLE public.app_slots (
    account_id bigint NOT NULL,
    app_id bigint NOT NULL,
    field_id text NOT NULL,
    kind text NOT NULL,
    slot integer NOT NULL,
    CONSTRAINT app_slots_kind_check CHECK ((kind = ANY (ARRAY['text'::text, 'number'::text, 'time'::text]))),
    CONSTRAINT app_slots_slot_check CHECK (((slot >= 0) AND (slot <= 9)))
);
CREATE TABLE public.app_versions (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    app_id bigint NOT NULL,
    number integer NOT NULL,
    manifest bytea NOT NULL,
    bpmn bytea NOT NULL,
    deployed_at timestamp with time zone NOT NULL,
    deployed_by bigint
);
ALTER TABLE public.app_versions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.app_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.apps (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    category text NOT NULL,
    version_id bigint,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE public.apps ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.apps_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.blobs (
    account_id bigint NOT NULL,
    digest text NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    crc32 bigint,
    CONSTRAINT blobs_digest_check CHECK ((digest ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT blobs_size_bytes_check CHECK ((size_bytes >= 0))
);
CREATE TABLE public.call_attempts (
    account_id bigint NOT NULL,
    call_id bigint NOT NULL,
    number integer NOT NULL,
    run text NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    reason text,
    message text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT call_attempts_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text, 'dropped'::text])))
);
CREATE TABLE public.calls (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    instance_id bigint NOT NULL,
    element text NOT NULL,
    token text NOT NULL,
    kind text NOT NULL,
    variables jsonb NOT NULL,
    state text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    closed_by bigint,
    error text,
    attempt integer DEFAULT 0 NOT NULL,
    counted_from integer DEFAULT 0 NOT NULL,
    counted_since timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    CONSTRAINT calls_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);
ALTER TABLE public.calls ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.checkin_forms (
    account_id bigint NOT NULL,
    task_id bigint NOT NULL,
    checkin_id bigint,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.credentials (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    password_hash text,
    token_hash bytea,
    csrf_hash bytea,
    parent_id bigint,
    client_id bigint,
    scope text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT credentials_check CHECK (((password_hash IS NULL) <> (token_hash IS NULL))),
    CONSTRAINT credentials_kind_check CHECK ((kind = ANY (ARRAY['password'::text, 'api_password'::text, 'token'::text, 'api_key'::text, 'session'::text, 'hash_session'::text, 'hash_key'::text, 'named_key'::text, 'oauth_refresh'::text, 'oauth_access'::text, 'application'::text, 'application_token'::text, 'person_token'::text])))
);
ALTER TABLE public.credentials ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.credentials_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.download_marks (
    account_id bigint NOT NULL,
    credential_id bigint NOT NULL,
    file_id bigint NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.events (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    instance_id bigint,
    task_id bigint,
    file_id bigint,
    user_id bigint,
    credential_id bigint,
    address text,
    data jsonb NOT NULL
);
ALTER TABLE public.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.export_entries (
    account_id bigint NOT NULL,
    export_id bigint NOT NULL,
    "position" bigint NOT NULL,
    kind text NOT NULL,
    path text,
    digest text,
    size_bytes bigint NOT NULL,
    modified_at timestamp with time zone NOT NULL,
    line text,
    "offset" bigint NOT NULL,
    record_offset bigint NOT NULL,
    CONSTRAINT export_entries_check CHECK (((path IS NULL) = (digest IS NULL))),
    CONSTRAINT export_entries_kind_check CHECK ((kind = ANY (ARRAY['file'::text, 'instance'::text, 'report'::text])))
);
CREATE TABLE public.exports (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    owner_id bigint NOT NULL,
    state text NOT NULL,
    query jsonb NOT NULL,
    search_id bigint,
    fields text[],
    with_attachments boolean NOT NULL,
    with_values boolean NOT NULL,
    cursor text,
    is_listed boolean DEFAULT false NOT NULL,
    app_ids bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    instances bigint DEFAULT 0 NOT NULL,
    files bigint DEFAULT 0 NOT NULL,
    file_bytes bigint DEFAULT 0 NOT NULL,
    left_out bigint DEFAULT 0 NOT NULL,
    missing bigint DEFAULT 0 NOT NULL,
    search_window bigint,
    entries bigint DEFAULT 0 NOT NULL,
    members bigint DEFAULT 0 NOT NULL,
    next_offset bigint DEFAULT 0 NOT NULL,
    directory_bytes bigint DEFAULT 0 NOT NULL,
    size_bytes bigint,
    error_code text,
    error text,
    attempt integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    ready_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT exports_check CHECK (((state = 'ready'::text) <= (size_bytes IS NOT NULL))),
    CONSTRAINT exports_check1 CHECK (((state = 'preparing'::text) = (due_at IS NOT NULL))),
    CONSTRAINT exports_state_check CHECK ((state = ANY (ARRAY['preparing'::text, 'ready'::text, 'failed'::text, 'ended'::text])))
);
ALTER TABLE public.exports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.exports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE SEQUENCE public.file_ids
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.files (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    instance_id bigint NOT NULL,
    field_id text,
    area text,
    "position" integer NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    size_bytes bigint,
    media_type text,
    digest text,
    url text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    source_file_id bigint,
    created_at timestamp with time zone NOT NULL,
    created_by bigint,
    deleted_at timestamp with time zone,
    deleted_by bigint,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT files_check CHECK (((kind = 'stored'::text) = ((digest IS NOT NULL) AND (size_bytes IS NOT NULL) AND (url IS NULL)))),
    CONSTRAINT files_check1 CHECK (((kind = 'stored'::text) OR (url IS NOT NULL))),
    CONSTRAINT files_kind_check CHECK ((kind = ANY (ARRAY['stored'::text, 'link'::text, 'drive'::text, 'onedrive'::text])))
);
CREATE TABLE public.grants (
    account_id bigint NOT NULL,
    group_id bigint NOT NULL,
    app_id bigint,
    "right" text NOT NULL,
    CONSTRAINT grants_check CHECK ((("right" <> 'admin'::text) OR (app_id IS NULL))),
    CONSTRAINT grants_right_check CHECK (("right" = ANY (ARRAY['start'::text, 'view'::text, 'modify'::text, 'delete'::text, 'manage'::text, 'export'::text, 'admin'::text])))
);
CREATE TABLE public.group_members (
    account_id bigint NOT NULL,
    group_id bigint NOT NULL,
    user_id bigint NOT NULL
);
CREATE TABLE public.groups (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE public.groups ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.idempotency_keys (
    account_id bigint NOT NULL,
    credential_id bigint NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    body_digest text NOT NULL,
    status integer,
    took_effect boolean DEFAULT false NOT NULL,
    headers jsonb,
    body bytea,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.incidents (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    instance_id bigint NOT NULL,
    element text NOT NULL,
    token text,
    code text NOT NULL,
    message text NOT NULL,
    details jsonb NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone
);
ALTER TABLE public.incidents ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.incidents_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.instance_states (
    account_id bigint NOT NULL,
    instance_id bigint NOT NULL,
    state bytea NOT NULL
);
CREATE TABLE public.instances (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    app_id bigint NOT NULL,
    version_id bigint NOT NULL,
    number bigint NOT NULL,
    identifier text NOT NULL,
    title text NOT NULL,
    title_folded text NOT NULL,
    state text NOT NULL,
    starter_id bigint,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    revision integer DEFAULT 1 NOT NULL,
    "values" jsonb NOT NULL,
    parent_id bigint,
    parent_token text,
    depth integer DEFAULT 0 NOT NULL,
    grams text[] DEFAULT '{}'::text[] NOT NULL,
    long_texts jsonb DEFAULT '{}'::jsonb NOT NULL,
    text_0 text,
    text_1 text,
    text_2 text,
    text_3 text,
    text_4 text,
    text_5 text,
    text_6 text,
    text_7 text,
    text_8 text,
    text_9 text,
    number_0 numeric,
    number_1 numeric,
    number_2 numeric,
    number_3 numeric,
    number_4 numeric,
    number_5 numeric,
    number_6 numeric,
    number_7 numeric,
    number_8 numeric,
    number_9 numeric,
    time_0 timestamp with time zone,
    time_1 timestamp with time zone,
    time_2 timestamp with time zone,
    time_3 timestamp with time zone,
    time_4 timestamp with time zone,
    time_5 timestamp with time zone,
    time_6 timestamp with time zone,
    time_7 timestamp with time zone,
    time_8 timestamp with time zone,
    time_9 timestamp with time zone,
    CONSTRAINT instances_state_check CHECK ((state = ANY (ARRAY['running'::text, 'ended'::text, 'cancelled'::text, 'failed'::text])))
)
WITH (fillfactor='80');
ALTER TABLE public.instances ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.instances_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.oauth_clients (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    public_id text NOT NULL,
    name text NOT NULL,
    secret_hash bytea,
    redirect_uris text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by bigint,
    revoked_at timestamp with time zone
);
ALTER TABLE public.oauth_clients ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.oauth_clients_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.oauth_codes (
    code_hash bytea NOT NULL,
    account_id bigint NOT NULL,
    client_id bigint NOT NULL,
    user_id bigint NOT NULL,
    redirect_uri text NOT NULL,
    scope text NOT NULL,
    challenge text,
    expires_at timestamp with time zone NOT NULL,
    refresh_id bigint
);
CREATE TABLE public.previews (
    account_id bigint NOT NULL,
    digest text NOT NULL,
    state text NOT NULL,
    preview_digest text,
    media_type text,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT previews_check CHECK (((state = 'made'::text) = (preview_digest IS NOT NULL))),
    CONSTRAINT previews_state_check CHECK ((state = ANY (ARRAY['due'::text, 'made'::text, 'refused'::text])))
);
CREATE TABLE public.procrastinate_events (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    type public.procrastinate_job_event_type,
    at timestamp with time zone DEFAULT now()
);
CREATE SEQUENCE public.procrastinate_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.procrastinate_events_id_seq OWNED BY public.procrastinate_events.id;
CREATE SEQUENCE public.procrastinate_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.procrastinate_jobs_id_seq OWNED BY public.procrastinate_jobs.id;
CREATE TABLE public.procrastinate_periodic_defers (
    id bigint NOT NULL,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint,
    periodic_id character varying(128) DEFAULT ''::character varying NOT NULL
);
CREATE SEQUENCE public.procrastinate_periodic_defers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.procrastinate_periodic_defers_id_seq OWNED BY public.procrastinate_periodic_defers.id;
CREATE TABLE public.procrastinate_workers (
    id bigint NOT NULL,
    last_heartbeat timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.procrastinate_workers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.procrastinate_workers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.saved_search_groups (
    account_id bigint NOT NULL,
    search_id bigint NOT NULL,
    group_id bigint NOT NULL
);
CREATE TABLE public.saved_searches (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    owner_id bigint NOT NULL,
    name text NOT NULL,
    query jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL
);
ALTER TABLE public.saved_searches ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.saved_searches_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.schedule_files (
    account_id bigint NOT NULL,
    schedule_id bigint NOT NULL,
    instance_id bigint NOT NULL,
    file_id bigint NOT NULL,
    run integer NOT NULL,
    path text,
    line text NOT NULL
);
CREATE TABLE public.schedule_runs (
    account_id bigint NOT NULL,
    schedule_id bigint NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    instances bigint DEFAULT 0 NOT NULL,
    files bigint DEFAULT 0 NOT NULL,
    file_bytes bigint DEFAULT 0 NOT NULL,
    left_out bigint DEFAULT 0 NOT NULL,
    missing bigint DEFAULT 0 NOT NULL,
    error_code text,
    error text,
    CONSTRAINT schedule_runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])))
);
CREATE TABLE public.schedules (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    owner_id bigint NOT NULL,
    search_id bigint NOT NULL,
    folder text NOT NULL,
    minute integer NOT NULL,
    run integer DEFAULT 0 NOT NULL,
    is_running boolean DEFAULT false NOT NULL,
    cursor text,
    due_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT schedules_minute_check CHECK (((minute >= 0) AND (minute <= 1439)))
);
ALTER TABLE public.schedules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.secrets (
    account_id bigint NOT NULL,
    name text NOT NULL,
    sealed bytea NOT NULL,
    hosts text[] NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by bigint
);
CREATE TABLE public.sign_in_failures (
    key bytea NOT NULL,
    failures integer NOT NULL,
    window_ends_at timestamp with time zone NOT NULL
);
CREATE TABLE public.signing_keys (
    id bigint NOT NULL,
    secret bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone
);
ALTER TABLE public.signing_keys ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.signing_keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.stars (
    account_id bigint NOT NULL,
    user_id bigint NOT NULL,
    instance_id bigint NOT NULL
);
CREATE TABLE public.storage (
    account_id bigint NOT NULL,
    limit_bytes bigint NOT NULL,
    used_bytes bigint DEFAULT 0 NOT NULL,
    reserved_bytes bigint DEFAULT 0 NOT NULL,
    CONSTRAINT storage_limit_bytes_check CHECK ((limit_bytes >= 0)),
    CONSTRAINT storage_reserved_bytes_check CHECK ((reserved_bytes >= 0)),
    CONSTRAINT storage_used_bytes_check CHECK ((used_bytes >= 0))
)
WITH (fillfactor='20');
CREATE TABLE public.task_details (
    account_id bigint NOT NULL,
    task_id bigint NOT NULL,
    label text,
    reference text,
    begins_at timestamp with time zone,
    more jsonb NOT NULL
);
CREATE TABLE public.tasks (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    instance_id bigint NOT NULL,
    app_id bigint NOT NULL,
    version_id bigint NOT NULL,
    element text NOT NULL,
    token text NOT NULL,
    name text NOT NULL,
    variables jsonb NOT NULL,
    state text NOT NULL,
    holder_id bigint,
    group_id bigint,
    due_at timestamp with time zone,
    fails_at timestamp with time zone,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    closed_by bigint,
    outcome text,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT tasks_check CHECK (((closed_at IS NULL) = (state = ANY (ARRAY['unassigned'::text, 'assigned'::text, 'arrived'::text])))),
    CONSTRAINT tasks_check1 CHECK (((state = 'unassigned'::text) <= (holder_id IS NULL))),
    CONSTRAINT tasks_state_check CHECK ((state = ANY (ARRAY['unassigned'::text, 'assigned'::text, 'arrived'::text, 'done'::text, 'delayed'::text, 'faulty'::text, 'failed'::text, 'cancelled'::text])))
)
WITH (fillfactor='80');
ALTER TABLE public.tasks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tasks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.uploads (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    state text NOT NULL,
    user_id bigint NOT NULL,
    app_id bigint NOT NULL,
    instance_id bigint,
    task_id bigint,
    field_id text,
    area text,
    declared_bytes bigint NOT NULL,
    reserved_bytes bigint NOT NULL,
    min_bytes bigint NOT NULL,
    accept text[] NOT NULL,
    images_only boolean NOT NULL,
    name text,
    media_type text,
    expected_digest text,
    metadata jsonb NOT NULL,
    token_hash bytea NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    lease_until timestamp with time zone,
    tus_length bigint,
    tus_metadata text,
    digest text,
    size_bytes bigint,
    reason text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT uploads_check CHECK (((state = ANY (ARRAY['claimed'::text, 'expired'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT uploads_check1 CHECK (((state <> ALL (ARRAY['claimed'::text, 'expired'::text])) OR (reserved_bytes = 0))),
    CONSTRAINT uploads_declared_bytes_check CHECK ((declared_bytes >= 0)),
    CONSTRAINT uploads_reserved_bytes_check CHECK ((reserved_bytes >= 0)),
    CONSTRAINT uploads_state_check CHECK ((state = ANY (ARRAY['created'::text, 'receiving'::text, 'uploaded'::text, 'claimed'::text, 'expired'::text])))
);
CREATE TABLE public.users (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    email text,
    name text NOT NULL,
    time_zone text NOT NULL,
    locale text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone
);
ALTER TABLE public.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.waits (
    account_id bigint NOT NULL,
    instance_id bigint NOT NULL,
    token text NOT NULL,
    kind text NOT NULL,
    element text NOT NULL,
    name text,
    due_at timestamp with time zone,
    child_id bigint,
    opened_at timestamp with time zone NOT NULL,
    CONSTRAINT waits_kind_check CHECK ((kind = ANY (ARRAY['timer'::text, 'message'::text, 'call'::text])))
);
CREATE TABLE public.webhook_attempts (
    account_id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    number integer NOT NULL,
    run text NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    status integer,
    duration_ms integer,
    reason text,
    message text,
    reply text DEFAULT ''::text NOT NULL,
    CONSTRAINT webhook_attempts_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])))
);
CREATE TABLE public.webhook_deliveries (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    webhook_id bigint NOT NULL,
    instance_id bigint,
    happening text NOT NULL,
    at timestamp with time zone NOT NULL,
    snapshot jsonb NOT NULL,
    state text NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    counted_from integer DEFAULT 0 NOT NULL,
    counted_since timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    ended_at timestamp with time zone,
    reason text,
    CONSTRAINT webhook_deliveries_check CHECK (((state = 'waiting'::text) = (ended_at IS NULL))),
    CONSTRAINT webhook_deliveries_happening_check CHECK ((happening = ANY (ARRAY['start'::text, 'save'::text, 'task_done'::text, 'end'::text, 'test'::text]))),
    CONSTRAINT webhook_deliveries_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'failed'::text])))
);
ALTER TABLE public.webhook_deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhook_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.webhooks (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    app_id bigint NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL,
    format text NOT NULL,
    user_id bigint NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    disabled text,
    failing_since timestamp with time zone,
    rests_until timestamp with time zone,
    sealed bytea NOT NULL,
    previous_sealed bytea,
    previous_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT webhooks_check CHECK ((is_active <= (disabled IS NULL))),
    CONSTRAINT webhooks_events_check CHECK ((cardinality(events) > 0))
);
ALTER TABLE public.webhooks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhooks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY public.procrastinate_events ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_events_id_seq'::regclass);
ALTER TABLE ONLY public.procrastinate_jobs ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_jobs_id_seq'::regclass);
ALTER TABLE ONLY public.procrastinate_periodic_defers ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_periodic_defers_id_seq'::regclass);
INSERT INTO public.accounts OVERRIDING SYSTEM VALUE VALUES (1, 'North', 5368709120, false, '2026-11-30 06:56:07.525214+00');
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.app_counters VALUES (1, 1, 2);
INSERT INTO public.app_versions OVERRIDING SYSTEM VALUE VALUES (1, 1, 1, 1, '\x7b226e616d65223a20224170702041434b222c20227374617274223a207b226669656c6473223a207b2266696c6573223a202265646974227d7d2c20226669656c6473223a205b7b226e756d626572223a20312c20226c6162656c223a202266696c6573222c20226964223a202266696c6573222c202274797065223a202266696c65222c20226d61785f66696c6573223a20392c20226d61785f756e636c61696d6564223a20313030307d5d2c2022636f6465223a202241434b222c20227461736b73223a207b2261223a207b2261737369676e223a207b2273746172746572223a20747275657d2c20226669656c6473223a207b2266696c6573223a202265646974227d7d7d7d', '\x3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d225554462d38223f3e0a3c646566696e6974696f6e7320786d6c6e733d22687474703a2f2f7777772e6f6d672e6f72672f737065632f42504d4e2f32303130303532342f4d4f44454c2220786d6c6e733a7873693d22687474703a2f2f7777772e77332e6f72672f323030312f584d4c536368656d612d696e7374616e6365222069643d226422207461726765744e616d6573706163653d2275726e3a74657374223e0a0a3c70726f636573732069643d227022206e616d653d22502220697345786563757461626c653d2274727565223e0a3c73746172744576656e742069643d227374617274222f3e0a3c656e644576656e742069643d22656e64222f3e0a3c73657175656e6365466c6f772069643d2273746172745f612220736f757263655265663d22737461727422207461726765745265663d2261223e3c2f73657175656e6365466c6f773e0a3c73657175656e6365466c6f772069643d22615f656e642220736f757263655265663d226122207461726765745265663d22656e64223e3c2f73657175656e6365466c6f773e0a3c757365725461736b2069643d2261223e3c2f757365725461736b3e0a3c2f70726f636573733e0a3c2f646566696e6974696f6e733e0a', '2026-11-30 06:56:11.132092+00', 1);
INSERT INTO public.apps OVERRIDING SYSTEM VALUE VALUES (1, 1, 'ACK', 'App ACK', '', 1, '2026-11-30 06:56:11.132092+00');
INSERT INTO public.blobs VALUES (1, 'd7b8ce862154e08c675f9a64746c82a447cdc81277a9deb0aef6de1024238461', 29, '2026-11-30 06:56:11.18678+00', NULL);
INSERT INTO public.blobs VALUES (1, '08518b71617eb0b46c053f3766069649f664e9a3fbaca168d6a861fbec870082', 11, '2026-11-30 06:56:11.242718+00', NULL);
INSERT INTO public.credentials OVERRIDING SYSTEM VALUE VALUES (1, 1, 1, 'password', 'password', '$argon2id$v=19$m=65536,t=3,p=4$Bt3Y4yT8NedOTPDfEwf5KQ$XiIF20jNjPxtF/VmM5ENJm2gYdXZL598+by+lPjlVmk', NULL, NULL, NULL, NULL, '', '2026-11-30 06:56:07.892064+00', NULL, NULL);
INSERT INTO public.credentials OVERRIDING SYSTEM VALUE VALUES (1, 2, 1, 'token', 'command line', NULL, '\xb0aaf4d529c834525ea1f584c5370f1f061e50b9d2490a83eedde0c1469ccacb', NULL, NULL, NULL, '', '2026-11-30 06:56:08.033356+00', NULL, NULL);
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 1, '2026-11-30 06:56:07.530557+00', 'account.created', NULL, NULL, NULL, NULL, NULL, NULL, '{"name": "North", "quota_bytes": 53687091200}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 2, '2026-11-30 06:56:07.532388+00', 'group.created', NULL, NULL, NULL, NULL, NULL, NULL, '{"name": "administrators", "group": 1}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 3, '2026-11-30 06:56:07.542279+00', 'right.granted', NULL, NULL, NULL, NULL, NULL, NULL, '{"app": null, "group": 1, "right": "admin"}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 4, '2026-11-30 06:56:07.891323+00', 'user.created', NULL, NULL, NULL, NULL, NULL, NULL, '{"user": 1}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 5, '2026-11-30 06:56:07.893962+00', 'password.set', NULL, NULL, NULL, NULL, NULL, NULL, '{"user": 1}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 6, '2026-11-30 06:56:07.898876+00', 'group.joined', NULL, NULL, NULL, NULL, NULL, NULL, '{"user": 1, "group": 1}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 7, '2026-11-30 06:56:07.956821+00', 'right.granted', NULL, NULL, NULL, NULL, NULL, NULL, '{"app": null, "group": 1, "right": "start"}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 8, '2026-11-30 06:56:07.958083+00', 'right.granted', NULL, NULL, NULL, NULL, NULL, NULL, '{"app": null, "group": 1, "right": "view"}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 9, '2026-11-30 06:56:07.95877+00', 'right.granted', NULL, NULL, NULL, NULL, NULL, NULL, '{"app": null, "group": 1, "right": "modify"}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 10, '2026-11-30 06:56:07.959365+00', 'right.granted', NULL, NULL, NULL, NULL, NULL, NULL, '{"app": null, "group": 1, "right": "delete"}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 11, '2026-11-30 06:56:07.959948+00', 'right.granted', NULL, NULL, NULL, NULL, NULL, NULL, '{"app": null, "group": 1, "right": "manage"}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 12, '2026-11-30 06:56:07.961845+00', 'right.granted', NULL, NULL, NULL, NULL, NULL, NULL, '{"app": null, "group": 1, "right": "export"}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 13, '2026-11-30 06:56:08.034301+00', 'credential.created', NULL, NULL, NULL, NULL, NULL, NULL, '{"kind": "token", "user": 1, "credential": 2}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 14, '2026-11-30 06:56:11.14353+00', 'app.deployed', NULL, NULL, NULL, 1, 2, '127.0.0.1', '{"app": "ACK", "version": 1}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 15, '2026-11-30 06:56:11.209501+00', 'instance.started', 1, NULL, NULL, 1, 2, '127.0.0.1', '{"fields": ["files"], "files_added": [1], "files_removed": []}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 16, '2026-11-30 06:56:11.262556+00', 'instance.started', 2, NULL, NULL, 1, 2, '127.0.0.1', '{"fields": ["files"], "files_added": [2], "files_removed": []}');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 17, '2026-11-30 06:56:11.485107+00', 'secret.set', NULL, NULL, NULL, NULL, NULL, NULL, '{"name": "erp", "hosts": []}');
INSERT INTO public.files VALUES (1, 1, '01a22b3d-5bbf-7549-bea8-c087947fcd76', 1, 'files', NULL, 0, 'stored', 'file.txt', '', 29, 'text/plain', 'd7b8ce862154e08c675f9a64746c82a447cdc81277a9deb0aef6de1024238461', NULL, '{}', NULL, '2026-11-30 06:56:11.199605+00', 1, NULL, NULL, 1);
INSERT INTO public.files VALUES (1, 2, '01a22b3d-5bf6-7c52-8cb9-aeb49dc91ec1', 2, 'files', NULL, 0, 'stored', 'file.txt', '', 11, 'text/plain', '08518b71617eb0b46c053f3766069649f664e9a3fbaca168d6a861fbec870082', NULL, '{}', NULL, '2026-11-30 06:56:11.254694+00', 1, NULL, NULL, 1);
INSERT INTO public.grants VALUES (1, 1, NULL, 'admin');
INSERT INTO public.grants VALUES (1, 1, NULL, 'start');
INSERT INTO public.grants VALUES (1, 1, NULL, 'view');
INSERT INTO public.grants VALUES (1, 1, NULL, 'modify');
INSERT INTO public.grants VALUES (1, 1, NULL, 'delete');
INSERT INTO public.grants VALUES (1, 1, NULL, 'manage');
INSERT INTO public.grants VALUES (1, 1, NULL, 'export');
INSERT INTO public.group_members VALUES (1, 1, 1);
INSERT INTO public.groups OVERRIDING SYSTEM VALUE VALUES (1, 1, 'administrators', '2026-11-30 06:56:07.531756+00');
INSERT INTO public.instance_states VALUES (1, 1, '\x7b22666f726d6174223a312c2270726f63657373223a2265636636656462396266353961663062222c22737461747573223a2272756e6e696e67222c226e657874223a322c22746f6b656e73223a5b5b312c2261222c302c2277616974222c302c22343433366537353663313936303662666661222c6e756c6c2c5b302c6e756c6c5d2c7b7d2c5b302c5b5d5d5d5d7d');
INSERT INTO public.instance_states VALUES (1, 2, '\x7b22666f726d6174223a312c2270726f63657373223a2265636636656462396266353961663062222c22737461747573223a2272756e6e696e67222c226e657874223a322c22746f6b656e73223a5b5b312c2261222c302c2277616974222c302c22313739323030343732333030626364363962222c6e756c6c2c5b302c6e756c6c5d2c7b7d2c5b302c5b5d5d5d5d7d');
INSERT INTO public.instances OVERRIDING SYSTEM VALUE VALUES (1, 1, '01a22b3d-5bbf-71a7-a7e9-5c95775405fa', 1, 1, 1, 'ACK-1', 'ACK-1', 'ack-1', 'running', 1, '2026-11-30 06:56:11.199605+00', NULL, 2, '{}', NULL, NULL, 0, '{1:ack,1:ck-,1:k-1}', '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.instances OVERRIDING SYSTEM VALUE VALUES (1, 2, '01a22b3d-5bf6-7649-8fae-19dde6283468', 1, 1, 2, 'ACK-2', 'ACK-2', 'ack-2', 'running', 1, '2026-11-30 06:56:11.254694+00', NULL, 2, '{}', NULL, NULL, 0, '{1:ack,1:ck-,1:k-2}', '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.secrets VALUES (1, 'erp', '\x9c124a7a00064fd92a0bf0b0a34655fa00fba53ac8adaaa684a77d200954733f52fa764b980ae2f891a11e494ab663504e9fa9463013f3a8', '{}', '2026-11-30 06:56:11.483906+00', NULL);
INSERT INTO public.signing_keys OVERRIDING SYSTEM VALUE VALUES (1, '\x70d5da2ec2bd27bf0b9937d2381633a6414c8a8f81ba6c411299afaf93ada590', '2026-11-30 06:56:07.511698+00', NULL);
INSERT INTO public.storage VALUES (1, 53687091200, 40, 0);
INSERT INTO public.tasks OVERRIDING SYSTEM VALUE VALUES (1, 1, 1, 1, 1, 'a', '4436e756c19606bffa', 'a', '{}', 'assigned', 1, NULL, NULL, NULL, '2026-11-30 06:56:11.199605+00', NULL, NULL, NULL, 1);
INSERT INTO public.tasks OVERRIDING SYSTEM VALUE VALUES (1, 2, 2, 1, 1, 'a', '179200472300bcd69b', 'a', '{}', 'assigned', 1, NULL, NULL, NULL, '2026-11-30 06:56:11.254694+00', NULL, NULL, NULL, 1);
INSERT INTO public.uploads VALUES (1, 1, 'claimed', 1, 1, NULL, NULL, 'files', NULL, 29, 0, 0, '{}', false, 'file.txt', 'text/plain', NULL, '{}', '\x5bdb8b34ad217c6c31ae70140d80526e46e330a4dccd5b3d33f5cc8c28d4cbdf', 1, NULL, NULL, NULL, NULL, 29, NULL, '2026-11-30 06:56:11.154532+00', '2026-11-30 07:06:11.154532+00', '2026-11-30 06:56:11.199605+00');
INSERT INTO public.uploads VALUES (1, 2, 'claimed', 1, 1, NULL, NULL, 'files', NULL, 11, 0, 0, '{}', false, 'file.txt', 'text/plain', NULL, '{}', '\xc8422b489d0396a5b638d11c03efe8e79d2f7b66b47720454e0acb8fd1790844', 1, NULL, NULL, NULL, NULL, 11, NULL, '2026-11-30 06:56:11.227665+00', '2026-11-30 07:06:11.227665+00', '2026-11-30 06:56:11.254694+00');
INSERT INTO public.users OVERRIDING SYSTEM VALUE VALUES (1, 1, 'ann@example.com', 'Ann', 'UTC', 'en', true, '2026-11-30 06:56:07.885069+00', NULL);
SELECT pg_catalog.setval('public.accounts_id_seq', 1, true);
SELECT pg_catalog.setval('public.app_versions_id_seq', 1, true);
SELECT pg_catalog.setval('public.apps_id_seq', 1, true);
SELECT pg_catalog.setval('public.calls_id_seq', 1, false);
SELECT pg_catalog.setval('public.credentials_id_seq', 2, true);
SELECT pg_catalog.setval('public.events_id_seq', 17, true);
SELECT pg_catalog.setval('public.exports_id_seq', 1, false);
SELECT pg_catalog.setval('public.file_ids', 2, true);
SELECT pg_catalog.setval('public.groups_id_seq', 1, true);
SELECT pg_catalog.setval('public.incidents_id_seq', 1, false);
SELECT pg_catalog.setval('public.instances_id_seq', 2, true);
SELECT pg_catalog.setval('public.oauth_clients_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_events_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_jobs_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_periodic_defers_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_workers_id_seq', 1, true);
SELECT pg_catalog.setval('public.saved_searches_id_seq', 1, false);
SELECT pg_catalog.setval('public.schedules_id_seq', 1, false);
SELECT pg_catalog.setval('public.signing_keys_id_seq', 1, true);
SELECT pg_catalog.setval('public.tasks_id_seq', 2, true);
SELECT pg_catalog.setval('public.users_id_seq', 1, true);
SELECT pg_catalog.setval('public.webhook_deliveries_id_seq', 1, false);
SELECT pg_catalog.setval('public.webhooks_id_seq', 1, false);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_name_key UNIQUE (name);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.app_counters
    ADD CONSTRAINT app_counters_pkey PRIMARY KEY (account_id, app_id);
ALTER TABLE ONLY public.app_slots
    ADD CONSTRAINT app_slots_account_id_app_id_kind_slot_key UNIQUE (account_id, app_id, kind, slot);
ALTER TABLE ONLY public.app_slots
    ADD CONSTRAINT app_slots_pkey PRIMARY KEY (account_id, app_id, field_id);
ALTER TABLE ONLY public.app_versions
    ADD CONSTRAINT app_versions_account_id_app_id_number_key UNIQUE (account_id, app_id, number);
ALTER TABLE ONLY public.app_versions
    ADD CONSTRAINT app_versions_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_account_id_code_key UNIQUE (account_id, code);
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (account_id, digest);
ALTER TABLE ONLY public.call_attempts
    ADD CONSTRAINT call_attempts_pkey PRIMARY KEY (account_id, call_id, number);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_account_id_instance_id_token_key UNIQUE (account_id, instance_id, token);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.checkin_forms
    ADD CONSTRAINT checkin_forms_account_id_checkin_id_key UNIQUE (account_id, checkin_id);
ALTER TABLE ONLY public.checkin_forms
    ADD CONSTRAINT checkin_forms_pkey PRIMARY KEY (account_id, task_id);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.download_marks
    ADD CONSTRAINT download_marks_pkey PRIMARY KEY (account_id, credential_id, file_id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.export_entries
    ADD CONSTRAINT export_entries_pkey PRIMARY KEY (account_id, export_id, "position");
ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_account_id_uuid_key UNIQUE (account_id, uuid);
ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_account_id_group_id_app_id_right_key UNIQUE NULLS NOT DISTINCT (account_id, group_id, app_id, "right");
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT group_members_pkey PRIMARY KEY (account_id, group_id, user_id);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_account_id_name_key UNIQUE (account_id, name);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (account_id, credential_id, route, key);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.instance_states
    ADD CONSTRAINT instance_states_pkey PRIMARY KEY (account_id, instance_id);
ALTER TABLE ONLY public.instances
    ADD CONSTRAINT instances_account_id_app_id_number_key UNIQUE (account_id, app_id, number);
ALTER TABLE ONLY public.instances
    ADD CONSTRAINT instances_account_id_uuid_key UNIQUE (account_id, uuid);
ALTER TABLE ONLY public.instances
    ADD CONSTRAINT instances_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.oauth_clients
    ADD CONSTRAINT oauth_clients_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.oauth_clients
    ADD CONSTRAINT oauth_clients_public_id_key UNIQUE (public_id);
ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_pkey PRIMARY KEY (code_hash);
ALTER TABLE ONLY public.previews
    ADD CONSTRAINT previews_pkey PRIMARY KEY (account_id, digest);
ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp);
ALTER TABLE ONLY public.procrastinate_workers
    ADD CONSTRAINT procrastinate_workers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.saved_search_groups
    ADD CONSTRAINT saved_search_groups_pkey PRIMARY KEY (account_id, search_id, group_id);
ALTER TABLE ONLY public.saved_searches
    ADD CONSTRAINT saved_searches_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.schedule_files
    ADD CONSTRAINT schedule_files_pkey PRIMARY KEY (account_id, schedule_id, instance_id, file_id);
ALTER TABLE ONLY public.schedule_runs
    ADD CONSTRAINT schedule_runs_pkey PRIMARY KEY (account_id, schedule_id, number);
ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_account_id_folder_key UNIQUE (account_id, folder);
ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (account_id, name);
ALTER TABLE ONLY public.sign_in_failures
    ADD CONSTRAINT sign_in_failures_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.stars
    ADD CONSTRAINT stars_pkey PRIMARY KEY (account_id, user_id, instance_id);
ALTER TABLE ONLY public.storage
    ADD CONSTRAINT storage_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY public.task_details
    ADD CONSTRAINT task_details_pkey PRIMARY KEY (account_id, task_id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_account_id_instance_id_token_key UNIQUE (account_id, instance_id, token);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.waits
    ADD CONSTRAINT waits_pkey PRIMARY KEY (account_id, instance_id, token);
ALTER TABLE ONLY public.webhook_attempts
    ADD CONSTRAINT webhook_attempts_pkey PRIMARY KEY (account_id, delivery_id, number);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (account_id, id);
CREATE INDEX calls_due ON public.calls USING btree (due_at) WHERE ((state = 'waiting'::text) AND (due_at IS NOT NULL));
CREATE INDEX calls_waiting ON public.calls USING btree (account_id, id) WHERE (state = 'waiting'::text);
CREATE INDEX checkin_forms_waiting ON public.checkin_forms USING btree (created_at) WHERE (checkin_id IS NULL);
CREATE INDEX credentials_client ON public.credentials USING btree (account_id, client_id, user_id) WHERE (client_id IS NOT NULL);
CREATE INDEX credentials_ended ON public.credentials USING btree (LEAST(expires_at, revoked_at)) WHERE (kind = ANY (ARRAY['session'::text, 'hash_session'::text, 'oauth_refresh'::text, 'oauth_access'::text, 'application_token'::text, 'person_token'::text]));
CREATE INDEX credentials_parent ON public.credentials USING btree (account_id, parent_id) WHERE (parent_id IS NOT NULL);
CREATE INDEX credentials_user ON public.credentials USING btree (account_id, user_id, kind) WHERE (revoked_at IS NULL);
CREATE INDEX download_marks_at ON public.download_marks USING btree (at);
CREATE INDEX events_instance ON public.events USING btree (account_id, instance_id, id) WHERE (instance_id IS NOT NULL);
CREATE INDEX export_entries_digest ON public.export_entries USING btree (account_id, digest) WHERE (digest IS NOT NULL);
CREATE INDEX export_entries_offset ON public.export_entries USING btree (account_id, export_id, "offset") WHERE (path IS NOT NULL);
CREATE INDEX export_entries_record ON public.export_entries USING btree (account_id, export_id, record_offset) WHERE (path IS NOT NULL);
CREATE INDEX exports_due ON public.exports USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX exports_expiring ON public.exports USING btree (expires_at);
CREATE INDEX exports_owner ON public.exports USING btree (account_id, owner_id, id);
CREATE INDEX files_deleted ON public.files USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE INDEX files_digest ON public.files USING btree (account_id, digest) WHERE (digest IS NOT NULL);
CREATE INDEX files_instance ON public.files USING btree (account_id, instance_id, field_id, "position", id);
CREATE INDEX group_members_user ON public.group_members USING btree (account_id, user_id);
CREATE INDEX idempotency_keys_created ON public.idempotency_keys USING btree (created_at);
CREATE INDEX idx_procrastinate_jobs_worker_not_null ON public.procrastinate_jobs USING btree (worker_id) WHERE ((worker_id IS NOT NULL) AND (status = 'doing'::public.procrastinate_job_status));
CREATE INDEX idx_procrastinate_workers_last_heartbeat ON public.procrastinate_workers USING btree (last_heartbeat);
CREATE INDEX incidents_open ON public.incidents USING btree (account_id, instance_id) WHERE (closed_at IS NULL);
CREATE INDEX instances_app_ended ON public.instances USING btree (account_id, app_id, ended_at DESC, id DESC) WHERE (ended_at IS NOT NULL);
CREATE INDEX instances_app_number ON public.instances USING btree (account_id, app_id, number, started_at DESC, id DESC);
CREATE INDEX instances_app_started ON public.instances USING btree (account_id, app_id, started_at DESC, id DESC);
CREATE INDEX instances_app_state ON public.instances USING btree (account_id, app_id, state, started_at DESC, id DESC);
CREATE INDEX instances_app_title ON public.instances USING btree (account_id, app_id, title_folded, started_at DESC, id DESC);
CREATE INDEX instances_ended ON public.instances USING btree (account_id, ended_at DESC, id DESC) WHERE (ended_at IS NOT NULL);
CREATE INDEX instances_grams ON public.instances USING gin (grams) WITH (fastupdate='on');
CREATE INDEX instances_identifier ON public.instances USING btree (account_id, identifier);
CREATE INDEX instances_number ON public.instances USING btree (account_id, number, started_at DESC, id DESC);
CREATE INDEX instances_number_0 ON public.instances USING btree (account_id, app_id, number_0, started_at DESC, id DESC) WHERE (number_0 IS NOT NULL);
CREATE INDEX instances_number_1 ON public.instances USING btree (account_id, app_id, number_1, started_at DESC, id DESC) WHERE (number_1 IS NOT NULL);
CREATE INDEX instances_number_2 ON public.instances USING btree (account_id, app_id, number_2, started_at DESC, id DESC) WHERE (number_2 IS NOT NULL);
CREATE INDEX instances_number_3 ON public.instances USING btree (account_id, app_id, number_3, started_at DESC, id DESC) WHERE (number_3 IS NOT NULL);
CREATE INDEX instances_number_4 ON public.instances USING btree (account_id, app_id, number_4, started_at DESC, id DESC) WHERE (number_4 IS NOT NULL);
CREATE INDEX instances_number_5 ON public.instances USING btree (account_id, app_id, number_5, started_at DESC, id DESC) WHERE (number_5 IS NOT NULL);
CREATE INDEX instances_number_6 ON public.instances USING btree (account_id, app_id, number_6, started_at DESC, id DESC) WHERE (number_6 IS NOT NULL);
CREATE INDEX instances_number_7 ON public.instances USING btree (account_id, app_id, number_7, started_at DESC, id DESC) WHERE (number_7 IS NOT NULL);
CREATE INDEX instances_number_8 ON public.instances USING btree (account_id, app_id, number_8, started_at DESC, id DESC) WHERE (number_8 IS NOT NULL);
CREATE INDEX instances_number_9 ON public.instances USING btree (account_id, app_id, number_9, started_at DESC, id DESC) WHERE (number_9 IS NOT NULL);
CREATE INDEX instances_parent ON public.instances USING btree (account_id, parent_id) WHERE (parent_id IS NOT NULL);
CREATE INDEX instances_started ON public.instances USING btree (account_id, started_at DESC, id DESC);
CREATE INDEX instances_starter ON public.instances USING btree (account_id, starter_id, started_at DESC, id DESC);
CREATE INDEX instances_state ON public.instances USING btree (account_id, state, started_at DESC, id DESC);
CREATE INDEX instances_text_0 ON public.instances USING btree (account_id, app_id, text_0, started_at DESC, id DESC) WHERE (text_0 IS NOT NULL);
CREATE INDEX instances_text_1 ON public.instances USING btree (account_id, app_id, text_1, started_at DESC, id DESC) WHERE (text_1 IS NOT NULL);
CREATE INDEX instances_text_2 ON public.instances USING btree (account_id, app_id, text_2, started_at DESC, id DESC) WHERE (text_2 IS NOT NULL);
CREATE INDEX instances_text_3 ON public.instances USING btree (account_id, app_id, text_3, started_at DESC, id DESC) WHERE (text_3 IS NOT NULL);
CREATE INDEX instances_text_4 ON public.instances USING btree (account_id, app_id, text_4, started_at DESC, id DESC) WHERE (text_4 IS NOT NULL);
CREATE INDEX instances_text_5 ON public.instances USING btree (account_id, app_id, text_5, started_at DESC, id DESC) WHERE (text_5 IS NOT NULL);
CREATE INDEX instances_text_6 ON public.instances USING btree (account_id, app_id, text_6, started_at DESC, id DESC) WHERE (text_6 IS NOT NULL);
CREATE INDEX instances_text_7 ON public.instances USING btree (account_id, app_id, text_7, started_at DESC, id DESC) WHERE (text_7 IS NOT NULL);
CREATE INDEX instances_text_8 ON public.instances USING btree (account_id, app_id, text_8, started_at DESC, id DESC) WHERE (text_8 IS NOT NULL);
CREATE INDEX instances_text_9 ON public.instances USING btree (account_id, app_id, text_9, started_at DESC, id DESC) WHERE (text_9 IS NOT NULL);
CREATE INDEX instances_time_0 ON public.instances USING btree (account_id, app_id, time_0, started_at DESC, id DESC) WHERE (time_0 IS NOT NULL);
CREATE INDEX instances_time_1 ON public.instances USING btree (account_id, app_id, time_1, started_at DESC, id DESC) WHERE (time_1 IS NOT NULL);
CREATE INDEX instances_time_2 ON public.instances USING btree (account_id, app_id, time_2, started_at DESC, id DESC) WHERE (time_2 IS NOT NULL);
CREATE INDEX instances_time_3 ON public.instances USING btree (account_id, app_id, time_3, started_at DESC, id DESC) WHERE (time_3 IS NOT NULL);
CREATE INDEX instances_time_4 ON public.instances USING btree (account_id, app_id, time_4, started_at DESC, id DESC) WHERE (time_4 IS NOT NULL);
CREATE INDEX instances_time_5 ON public.instances USING btree (account_id, app_id, time_5, started_at DESC, id DESC) WHERE (time_5 IS NOT NULL);
CREATE INDEX instances_time_6 ON public.instances USING btree (account_id, app_id, time_6, started_at DESC, id DESC) WHERE (time_6 IS NOT NULL);
CREATE INDEX instances_time_7 ON public.instances USING btree (account_id, app_id, time_7, started_at DESC, id DESC) WHERE (time_7 IS NOT NULL);
CREATE INDEX instances_time_8 ON public.instances USING btree (account_id, app_id, time_8, started_at DESC, id DESC) WHERE (time_8 IS NOT NULL);
CREATE INDEX instances_time_9 ON public.instances USING btree (account_id, app_id, time_9, started_at DESC, id DESC) WHERE (time_9 IS NOT NULL);
CREATE INDEX instances_title ON public.instances USING btree (account_id, title_folded, started_at DESC, id DESC);
CREATE INDEX oauth_codes_client ON public.oauth_codes USING btree (account_id, client_id);
CREATE INDEX oauth_codes_expiry ON public.oauth_codes USING btree (expires_at);
CREATE INDEX previews_digest ON public.previews USING btree (account_id, preview_digest) WHERE (preview_digest IS NOT NULL);
CREATE INDEX procrastinate_events_job_id_fkey_v1 ON public.procrastinate_events USING btree (job_id);
CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON public.procrastinate_jobs USING btree (id, lock) WHERE (status = ANY (ARRAY['todo'::public.procrastinate_job_status, 'doing'::public.procrastinate_job_status]));
CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON public.procrastinate_jobs USING btree (lock) WHERE (status = 'doing'::public.procrastinate_job_status);
CREATE INDEX procrastinate_jobs_priority_idx_v1 ON public.procrastinate_jobs USING btree (priority DESC, id) WHERE (status = 'todo'::public.procrastinate_job_status);
CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON public.procrastinate_jobs USING btree (queue_name);
CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON public.procrastinate_jobs USING btree (queueing_lock) WHERE (status = 'todo'::public.procrastinate_job_status);
CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON public.procrastinate_periodic_defers USING btree (job_id);
CREATE INDEX schedule_files_run ON public.schedule_files USING btree (account_id, schedule_id, run, instance_id, file_id);
CREATE INDEX schedules_due ON public.schedules USING btree (due_at);
CREATE INDEX stars_instance ON public.stars USING btree (account_id, instance_id);
CREATE INDEX task_details_reference ON public.task_details USING btree (account_id, reference) WHERE (reference IS NOT NULL);
CREATE INDEX tasks_fails ON public.tasks USING btree (fails_at) WHERE ((closed_at IS NULL) AND (fails_at IS NOT NULL));
CREATE INDEX tasks_holder ON public.tasks USING btree (account_id, holder_id, id) WHERE ((closed_at IS NULL) AND (holder_id IS NOT NULL));
CREATE INDEX tasks_offered_app ON public.tasks USING btree (account_id, app_id, id) WHERE ((state = 'unassigned'::text) AND (group_id IS NULL));
CREATE INDEX tasks_offered_group ON public.tasks USING btree (account_id, group_id, id) WHERE ((state = 'unassigned'::text) AND (group_id IS NOT NULL));
CREATE INDEX tasks_open ON public.tasks USING btree (account_id, instance_id) WHERE (closed_at IS NULL);
CREATE INDEX uploads_digest ON public.uploads USING btree (account_id, digest) WHERE (digest IS NOT NULL);
CREATE INDEX uploads_ended ON public.uploads USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX uploads_expiring ON public.uploads USING btree (expires_at) WHERE (state = ANY (ARRAY['created'::text, 'receiving'::text]));
CREATE INDEX uploads_instance ON public.uploads USING btree (account_id, instance_id, field_id) WHERE ((ended_at IS NULL) AND (instance_id IS NOT NULL));
CREATE INDEX uploads_start ON public.uploads USING btree (account_id, app_id, user_id, field_id) WHERE ((ended_at IS NULL) AND (instance_id IS NULL));
CREATE INDEX uploads_task ON public.uploads USING btree (account_id, task_id, field_id) WHERE ((ended_at IS NULL) AND (task_id IS NOT NULL));
CREATE UNIQUE INDEX users_email ON public.users USING btree (lower(email));
CREATE INDEX waits_child ON public.waits USING btree (account_id, child_id) WHERE (child_id IS NOT NULL);
CREATE INDEX waits_due ON public.waits USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (due_at) WHERE ((state = 'waiting'::text) AND (due_at IS NOT NULL));
CREATE INDEX webhook_deliveries_ended ON public.webhook_deliveries USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX webhook_deliveries_instance ON public.webhook_deliveries USING btree (account_id, instance_id) WHERE (instance_id IS NOT NULL);
CREATE INDEX webhook_deliveries_webhook ON public.webhook_deliveries USING btree (account_id, webhook_id, id);
CREATE INDEX webhooks_app ON public.webhooks USING btree (account_id, app_id);
CREATE TRIGGER events_are_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();
CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN (((old.abort_requested = false) AND (new.abort_requested = true) AND (new.status = 'doing'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_notify_queue_abort_job_v1();
CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_notify_queue_job_inserted_v1();
CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.abort_requested = true)) EXECUTE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1();
CREATE TRIGGER procrastinate_trigger_delete_jobs_v1 BEFORE DELETE ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_unlink_periodic_defers_v1();
CREATE TRIGGER procrastinate_trigger_scheduled_events_v1 AFTER INSERT OR UPDATE ON public.procrastinate_jobs FOR EACH ROW WHEN (((new.scheduled_at IS NOT NULL) AND (new.status = 'todo'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1();
CREATE TRIGGER procrastinate_trigger_status_events_insert_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1();
CREATE TRIGGER procrastinate_trigger_status_events_update_v1 AFTER UPDATE OF status ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_update_v1();
ALTER TABLE ONLY public.app_counters
    ADD CONSTRAINT app_counters_account_id_app_id_fkey FOREIGN KEY (account_id, app_id) REFERENCES public.apps(account_id, id);
ALTER TABLE ONLY public.app_slots
    ADD CONSTRAINT app_slots_account_id_app_id_fkey FOREIGN KEY (account_id, app_id) REFERENCES public.apps(account_id, id);
ALTER TABLE ONLY public.app_versions
    ADD CONSTRAINT app_versions_account_id_app_id_fkey FOREIGN KEY (account_id, app_id) REFERENCES public.apps(account_id, id);
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.blobs
    ADD CONSTRAINT blobs_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.call_attempts
    ADD CONSTRAINT call_attempts_account_id_call_id_fkey FOREIGN KEY (account_id, call_id) REFERENCES public.calls(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_account_id_instance_id_fkey FOREIGN KEY (account_id, instance_id) REFERENCES public.instances(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.checkin_forms
    ADD CONSTRAINT checkin_forms_account_id_checkin_id_fkey FOREIGN KEY (account_id, checkin_id) REFERENCES public.instances(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.checkin_forms
    ADD CONSTRAINT checkin_forms_account_id_task_id_fkey FOREIGN KEY (account_id, task_id) REFERENCES public.tasks(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_account_id_client_id_fkey FOREIGN KEY (account_id, client_id) REFERENCES public.oauth_clients(account_id, id);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_account_id_parent_id_fkey FOREIGN KEY (account_id, parent_id) REFERENCES public.credentials(account_id, id);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.export_entries
    ADD CONSTRAINT export_entries_account_id_digest_fkey FOREIGN KEY (account_id, digest) REFERENCES public.blobs(account_id, digest);
ALTER TABLE ONLY public.export_entries
    ADD CONSTRAINT export_entries_account_id_export_id_fkey FOREIGN KEY (account_id, export_id) REFERENCES public.exports(account_id, id);
ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_account_id_owner_id_fkey FOREIGN KEY (account_id, owner_id) REFERENCES public.users(account_id, id);
ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_account_id_digest_fkey FOREIGN KEY (account_id, digest) REFERENCES public.blobs(account_id, digest);
ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_account_id_instance_id_fkey FOREIGN KEY (account_id, instance_id) REFERENCES public.instances(account_id, id);
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_account_id_app_id_fkey FOREIGN KEY (account_id, app_id) REFERENCES public.apps(account_id, id);
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_account_id_group_id_fkey FOREIGN KEY (account_id, group_id) REFERENCES public.groups(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT group_members_account_id_group_id_fkey FOREIGN KEY (account_id, group_id) REFERENCES public.groups(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT group_members_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_account_id_instance_id_fkey FOREIGN KEY (account_id, instance_id) REFERENCES public.instances(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.instance_states
    ADD CONSTRAINT instance_states_account_id_instance_id_fkey FOREIGN KEY (account_id, instance_id) REFERENCES public.instances(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.instances
    ADD CONSTRAINT instances_account_id_app_id_fkey FOREIGN KEY (account_id, app_id) REFERENCES public.apps(account_id, id);
ALTER TABLE ONLY public.instances
    ADD CONSTRAINT instances_account_id_starter_id_fkey FOREIGN KEY (account_id, starter_id) REFERENCES public.users(account_id, id);
ALTER TABLE ONLY public.instances
    ADD CONSTRAINT instances_account_id_version_id_fkey FOREIGN KEY (account_id, version_id) REFERENCES public.app_versions(account_id, id);
ALTER TABLE ONLY public.oauth_clients
    ADD CONSTRAINT oauth_clients_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_account_id_client_id_fkey FOREIGN KEY (account_id, client_id) REFERENCES public.oauth_clients(account_id, id);
ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);
ALTER TABLE ONLY public.previews
    ADD CONSTRAINT previews_account_id_digest_fkey FOREIGN KEY (account_id, digest) REFERENCES public.blobs(account_id, digest);
ALTER TABLE ONLY public.previews
    ADD CONSTRAINT previews_account_id_preview_digest_fkey FOREIGN KEY (account_id, preview_digest) REFERENCES public.blobs(account_id, digest);
ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES public.procrastinate_workers(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id);
ALTER TABLE ONLY public.saved_search_groups
    ADD CONSTRAINT saved_search_groups_account_id_group_id_fkey FOREIGN KEY (account_id, group_id) REFERENCES public.groups(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.saved_search_groups
    ADD CONSTRAINT saved_search_groups_account_id_search_id_fkey FOREIGN KEY (account_id, search_id) REFERENCES public.saved_searches(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.saved_searches
    ADD CONSTRAINT saved_searches_account_id_owner_id_fkey FOREIGN KEY (account_id, owner_id) REFERENCES public.users(account_id, id);
ALTER TABLE ONLY public.schedule_files
    ADD CONSTRAINT schedule_files_account_id_schedule_id_fkey FOREIGN KEY (account_id, schedule_id) REFERENCES public.schedules(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.schedule_runs
    ADD CONSTRAINT schedule_runs_account_id_schedule_id_fkey FOREIGN KEY (account_id, schedule_id) REFERENCES public.schedules(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_account_id_owner_id_fkey FOREIGN KEY (account_id, owner_id) REFERENCES public.users(account_id, id);
ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_account_id_search_id_fkey FOREIGN KEY (account_id, search_id) REFERENCES public.saved_searches(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.stars
    ADD CONSTRAINT stars_account_id_instance_id_fkey FOREIGN KEY (account_id, instance_id) REFERENCES public.instances(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.stars
    ADD CONSTRAINT stars_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);
ALTER TABLE ONLY public.storage
    ADD CONSTRAINT storage_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.task_details
    ADD CONSTRAINT task_details_account_id_task_id_fkey FOREIGN KEY (account_id, task_id) REFERENCES public.tasks(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_account_id_group_id_fkey FOREIGN KEY (account_id, group_id) REFERENCES public.groups(account_id, id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_account_id_holder_id_fkey FOREIGN KEY (account_id, holder_id) REFERENCES public.users(account_id, id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_account_id_instance_id_fkey FOREIGN KEY (account_id, instance_id) REFERENCES public.instances(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_account_id_app_id_fkey FOREIGN KEY (account_id, app_id) REFERENCES public.apps(account_id, id);
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_account_id_digest_fkey FOREIGN KEY (account_id, digest) REFERENCES public.blobs(account_id, digest);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.waits
    ADD CONSTRAINT waits_account_id_instance_id_fkey FOREIGN KEY (account_id, instance_id) REFERENCES public.instances(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_attempts
    ADD CONSTRAINT webhook_attempts_account_id_delivery_id_fkey FOREIGN KEY (account_id, delivery_id) REFERENCES public.webhook_deliveries(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_account_id_instance_id_fkey FOREIGN KEY (account_id, instance_id) REFERENCES public.instances(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_account_id_webhook_id_fkey FOREIGN KEY (account_id, webhook_id) REFERENCES public.webhooks(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_account_id_app_id_fkey FOREIGN KEY (account_id, app_id) REFERENCES public.apps(account_id, id);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);
