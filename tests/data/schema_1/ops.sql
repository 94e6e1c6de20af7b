-- ops.sqlite of schema version 1 as `sqlite3 .dump` prints it; never edited.
pragma user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE alert (
    alert_id text primary key, cause text not null, severity text not null, title text not null,
    detail text not null, source text not null, first_seen_at text not null, last_seen_at text not null,
    count integer not null, state text not null check (state in ('open', 'acknowledged', 'resolved')),
    owner text, note text, resolved_at text, sample text not null default '[]'
) without rowid;
INSERT INTO "alert" VALUES('0a1b2c3d4e5f','intake:quarantine:clicks','warning','clicks: 2 rows quarantined','','clicks','2018-01-02T00:00:00.000000+00:00','2018-01-02T00:00:00.000000+00:00',2,'acknowledged','ann','asked the supplier',NULL,'[]');
CREATE TABLE batch (
    batch_id text primary key, source text not null, contract_version text not null, input_name text not null,
    input_hash text not null, rows_read integer not null, accepted integer not null, duplicate integer not null,
    quarantined integer not null, suppressed integer not null, events integer not null, started_at text not null,
    finished_at text not null, state text not null, message text not null,
    check (rows_read = accepted + duplicate + quarantined + suppressed)
) without rowid;
INSERT INTO "batch" VALUES('b1','clicks','v1','a.jsonl','hash',5,3,0,2,0,3,'2018-01-02T00:00:00.000000+00:00','2018-01-02T00:00:00.000000+00:00','visible','');
CREATE TABLE consent (
    identifier text not null, purpose text not null, occurred_at text not null, granted integer not null,
    primary key (identifier, purpose, occurred_at)
) without rowid;
INSERT INTO "consent" VALUES('ffffffffffffffffffffffffffffffff','analytics','2018-01-02T00:00:00.000000+00:00',0);
CREATE TABLE identity_override (
    a_key integer not null, b_key integer not null, kind text not null check (kind in ('must_link', 'cannot_link')),
    actor text not null, reason text not null, created_at text not null, primary key (a_key, b_key)
) without rowid;
INSERT INTO "identity_override" VALUES(2,9,'must_link','ann','same till slip','2018-01-02T00:00:00.000000+00:00');
INSERT INTO "identity_override" VALUES(3,9,'cannot_link','bob','father and son','2018-01-02T00:00:00.000000+00:00');
CREATE TABLE lake_file (
    path text primary key, source text not null, event_date text not null, batch_id text not null,
    rows integer not null, min_received_at text not null, max_received_at text not null,
    loaded_at text not null, state text not null check (state in ('visible', 'retired'))
) without rowid;
INSERT INTO "lake_file" VALUES('lake/events/event_date=2018-01-01/clicks-b1.parquet','clicks','2018-01-01','b1',3,'2018-01-02T00:00:00.000000+00:00','2018-01-02T00:00:00.000000+00:00','2018-01-02T00:00:00.000000+00:00','visible');
CREATE TABLE metric_daily (
    metric_date text not null, metric text not null, dimension text not null, value real not null,
    recorded_at text not null, primary key (metric_date, metric, dimension)
) without rowid;
INSERT INTO "metric_daily" VALUES('2018-01-01','match_rate','web',0.8,'2018-01-02T00:00:00.000000+00:00');
CREATE TABLE pause (
    scope text primary key, reason text not null, actor text not null, created_at text not null
) without rowid;
INSERT INTO "pause" VALUES('home_hero','photo is wrong','bob','2018-01-02T00:00:00.000000+00:00');
CREATE TABLE quarantine_row_count (
    batch_id text not null, reason text not null, rows integer not null, primary key (batch_id, reason)
) without rowid;
INSERT INTO "quarantine_row_count" VALUES('b1','missing_field:occurred_at',2);
CREATE TABLE run_summary (
    run_id text primary key, kind text not null, as_of text not null, started_at text not null,
    finished_at text, state text not null, detail text not null default '{}'
) without rowid;
INSERT INTO "run_summary" VALUES('r1','run','2018-01-02T00:00:00.000000+00:00','2018-01-02T00:00:00.000000+00:00','2018-01-02T00:00:00.000000+00:00','done','{}');
CREATE TABLE schema_version (version integer primary key, applied_at text not null default current_timestamp);
INSERT INTO "schema_version" VALUES(1,'2018-01-01 00:00:00');
CREATE TABLE seen_file (
    source text not null, path text not null, size integer not null, mtime_ns integer not null,
    content_hash text not null, contract_version text not null, batch_id text not null,
    primary key (source, path)
) without rowid;
CREATE TABLE touched_day (
    event_date text not null, batch_id text not null, touched_at text not null, consumed_run_id text,
    primary key (event_date, batch_id)
) without rowid;
INSERT INTO "touched_day" VALUES('2018-01-01','b1','2018-01-02T00:00:00.000000+00:00',NULL);
CREATE INDEX lake_file_by_date on lake_file (event_date, source);
CREATE UNIQUE INDEX alert_one_open_a_cause on alert (cause) where state <> 'resolved';
COMMIT;
