create table if not exists lake_file (
    path text primary key, source text not null, event_date text not null, batch_id text not null,
    rows integer not null, min_received_at text not null, max_received_at text not null,
    loaded_at text not null, state text not null check (state in ('visible', 'retired'))
) without rowid;
create index if not exists lake_file_by_date on lake_file (event_date, source);
create table if not exists batch (
    batch_id text primary key, source text not null, contract_version text not null, input_name text not null,
    input_hash text not null, rows_read integer not null, accepted integer not null, duplicate integer not null,
    quarantined integer not null, suppressed integer not null, events integer not null, started_at text not null,
    finished_at text not null, state text not null, message text not null,
    check (rows_read = accepted + duplicate + quarantined + suppressed)
) without rowid;
create table if not exists touched_day (
    event_date text not null, batch_id text not null, touched_at text not null, consumed_run_id text,
    primary key (event_date, batch_id)
) without rowid;
create table if not exists quarantine_row_count (
    batch_id text not null, reason text not null, rows integer not null, primary key (batch_id, reason)
) without rowid;
create table if not exists seen_file (
    source text not null, path text not null, size integer not null, mtime_ns integer not null,
    content_hash text not null, contract_version text not null, batch_id text not null,
    primary key (source, path)
) without rowid;
create table if not exists suppressed_row_count (
    batch_id text not null, purpose text not null, reason text not null, rows integer not null,
    primary key (batch_id, purpose, reason)
) without rowid;
create table if not exists consent (
    identifier text not null, purpose text not null, occurred_at text not null, granted integer not null,
    primary key (identifier, purpose, occurred_at)
) without rowid;
create table if not exists alert (
    alert_id text primary key, cause text not null, severity text not null, title text not null,
    detail text not null, source text not null, first_seen_at text not null, last_seen_at text not null,
    count integer not null, state text not null check (state in ('open', 'acknowledged', 'resolved')),
    owner text, note text, resolved_at text, sample text not null default '[]'
) without rowid;
create unique index if not exists alert_one_open_a_cause on alert (cause) where state <> 'resolved';
create table if not exists pause (
    scope text primary key, reason text not null, actor text not null, created_at text not null
) without rowid;
create table if not exists run_summary (
    run_id text primary key, kind text not null, as_of text not null, started_at text not null,
    finished_at text, state text not null, detail text not null default '{}'
) without rowid;
create table if not exists metric_daily (
    metric_date text not null, metric text not null, dimension text not null, value real not null,
    recorded_at text not null, primary key (metric_date, metric, dimension)
) without rowid;
create table if not exists identity_override (
    a_key integer not null, b_key integer not null, kind text not null check (kind in ('must_link', 'cannot_link')),
    actor text not null, reason text not null, created_at text not null, primary key (a_key, b_key)
) without rowid;
create table if not exists identity_override_removed (
    a_key integer not null, b_key integer not null, kind text not null, actor text not null, reason text not null,
    created_at text not null, removed_by text not null, removed_at text not null,
    primary key (a_key, b_key, created_at, removed_at)
) without rowid;
create table if not exists erasure_request (
    request_id text primary key, requested_at text not null, actor text not null, people integer not null,
    state text not null check (state in ('open', 'done')), steps text not null default '[]', finished_at text
) without rowid;
create table if not exists erasure_tombstone (
    token text not null, kind text not null check (kind in ('person', 'spell', 'shared')), type text not null,
    from_at text not null, until_at text not null, request_id text not null, primary key (token, kind, from_at)
) without rowid;
create table if not exists audience_export (
    export_id integer primary key, at text not null, actor text not null, segment text not null, target text not null,
    members integer not null
);
create table if not exists erased_decision (token text primary key, erased_at text not null) without rowid;
create table if not exists subject_access (
    access_id integer primary key, at text not null, actor text not null, token text not null,
    detail text not null default '{}'
);
create table if not exists batch_finding (
    batch_id text not null, finding text not null, rows integer not null, primary key (batch_id, finding)
) without rowid;
create table if not exists source_column (
    source text not null, name text not null, kind text not null, state text not null, filled real not null,
    first_seen_at text not null, last_seen_at text not null, first_input text not null, last_input text not null,
    primary key (source, name)
) without rowid;
create table if not exists quarantine_replayed (
    batch_id text not null, row_key text not null, outcome text not null, replay_id text not null,
    primary key (batch_id, row_key)
) without rowid;
create table if not exists alert_note (
    note_id integer primary key, alert_id text not null, at text not null, actor text not null, action text not null,
    note text not null
);
create index if not exists alert_note_by_alert on alert_note (alert_id, at);
create table if not exists alert_mute (
    family text primary key, until text not null, actor text not null, note text not null, at text not null
) without rowid;
create table if not exists alert_digest (
    digest_id text primary key, channel text not null, made_at text not null,
    state text not null check (state in ('ready', 'sending', 'sent')), attempts integer not null default 0,
    last_attempt_at text, sent_at text, body text not null
) without rowid;
create table if not exists alert_digest_item (
    channel text not null, alert_id text not null, digest_id text not null, primary key (channel, alert_id)
) without rowid;
create table if not exists stream_offset (
    cluster text not null, topic text not null, partition integer not null, next_offset integer not null,
    moved_at text not null, primary key (cluster, topic, partition)
) without rowid;
create table if not exists stream_spool (
    file text primary key, topic text not null, cluster text not null, next_offsets text not null
) without rowid;
create table if not exists key_rotation (generation integer primary key, finished_at text not null) without rowid;
create table if not exists model_event (
    event_id integer primary key, name text not null, version text not null, kind text not null, at text not null,
    as_of text not null, actor text not null, replaced text not null, reason text not null
);
create table if not exists score_points (
    day text not null, subject text not null, version text not null, points text not null, primary key (day, subject)
) without rowid;
create table if not exists experiment_version (
    name text not null, version integer not null, content_hash text not null, content text not null,
    published_at text not null, primary key (name, version)
) without rowid;
create table if not exists experiment_event (
    event_id integer primary key, experiment text not null, version integer not null,
    kind text not null check (kind in ('start', 'ramp', 'hold', 'stop', 'ship', 'arm')), at text not null,
    actor text not null, share real, reason text not null, evidence text not null default '{}'
);
create table if not exists guardrail_event (
    event_id integer primary key, surface text not null, kind text not null check (kind in ('pause', 'resume')),
    cause text not null, at text not null, actor text not null, until text, reason text not null,
    evidence text not null
);
create index if not exists guardrail_event_by_cause on guardrail_event (surface, cause, event_id);
create table if not exists guardrail_look (
    surface text not null, cause text not null, at text not null, verdict text not null, breaches integer not null,
    healthy integer not null, told text not null, evidence text not null default '{}', primary key (surface, cause)
) without rowid;
create table if not exists ope_report (
    report_id text primary key, candidate text not null, placement text not null, at text not null,
    verdict text not null, evidence text not null
) without rowid;
create table if not exists experiment_look (
    experiment text not null, version integer not null, metric text not null, arm text not null,
    look integer not null, at text not null, information real not null, n integer not null, z real not null,
    bound real not null, p_value real not null, low real not null, high real not null, crossed text not null, is_final integer not null,
    primary key (experiment, version, metric, arm, look)
) without rowid;
create table if not exists config_edit (
    version text not null, file text not null, at text not null, before_version text not null,
    what text not null check (what in ('added', 'removed', 'edited')), fields text not null, author text not null,
    published_by text not null, affected integer not null, asked integer not null, people integer not null,
    primary key (version, file)
) without rowid;
create table if not exists schema_version (version integer primary key, applied_at text not null default current_timestamp);
insert or ignore into schema_version (version) values (5);
