namespace Chronos.Actors.Projections;

/// <summary>The tables of the ledger.</summary>
internal static class LedgerSchema
{
    /// <summary>Rises with every change of the tables, and of the numbers that enumerations have in them.</summary>
    public const int Version = 3;

    /// <remarks>
    /// <c>executions</c>: a slot has an empty <c>run</c>, a run that somebody asked for its ULID; <c>listed</c> is when it was claimed,
    /// else queued or skipped. The partial index holds what is not <c>succeeded</c> (2): few rows, and those that people look for.
    /// <c>dead</c> is what became of an execution that failed for good (<c>DeadLetterState</c>); few have one, and they have an index of their own.
    /// <c>execution_hours</c> counts by hour of <c>listed</c>, so that counting never reads the rows; status -1 stands for slots in ranges.
    /// </remarks>
    public const string Create = """
        DROP TABLE IF EXISTS executions;
        DROP TABLE IF EXISTS execution_hours;
        DROP TABLE IF EXISTS slot_skips;
        DROP TABLE IF EXISTS plan_history;
        DROP TABLE IF EXISTS backfills;
        DROP TABLE IF EXISTS ledger_jobs;
        CREATE TABLE ledger_jobs (job TEXT PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE executions (
          seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, job TEXT NOT NULL, nominal INTEGER NOT NULL, run TEXT NOT NULL,
          listed INTEGER NOT NULL, claimed INTEGER, started INTEGER, finished INTEGER, trigger INTEGER NOT NULL, revision INTEGER,
          status INTEGER NOT NULL, reason INTEGER, detail TEXT, node TEXT, retry_at INTEGER, lateness_ms REAL,
          source TEXT, payload TEXT, by TEXT, attempts BLOB,
          dead INTEGER, dead_at INTEGER, dead_by TEXT, dead_as TEXT);
        CREATE UNIQUE INDEX executions_slot ON executions (job, nominal, run);
        CREATE UNIQUE INDEX executions_run ON executions (run) WHERE run <> '';
        CREATE INDEX executions_time ON executions (tenant, listed);
        CREATE INDEX executions_job ON executions (job, listed);
        CREATE INDEX executions_status ON executions (tenant, status, listed) WHERE status <> 2;
        CREATE INDEX executions_dead ON executions (tenant, dead, listed) WHERE dead IS NOT NULL;
        CREATE TABLE execution_hours (
          tenant TEXT NOT NULL, hour INTEGER NOT NULL, status INTEGER NOT NULL, n INTEGER NOT NULL,
          PRIMARY KEY (tenant, hour, status)) WITHOUT ROWID;
        CREATE TABLE slot_skips (
          job TEXT NOT NULL, last INTEGER NOT NULL, first INTEGER NOT NULL, tenant TEXT NOT NULL, n INTEGER NOT NULL,
          reason INTEGER NOT NULL, detail TEXT, at INTEGER NOT NULL, PRIMARY KEY (job, last, first)) WITHOUT ROWID;
        CREATE INDEX slot_skips_age ON slot_skips (at);
        CREATE TABLE plan_history (
          job TEXT NOT NULL, version INTEGER NOT NULL, tenant TEXT NOT NULL, at INTEGER NOT NULL, enabled INTEGER NOT NULL,
          paused INTEGER NOT NULL, deleted INTEGER NOT NULL, pause_reason TEXT, pause_until INTEGER, change TEXT NOT NULL,
          schedule TEXT, timezone TEXT NOT NULL, revision INTEGER NOT NULL, by TEXT NOT NULL, PRIMARY KEY (job, version)) WITHOUT ROWID;
        CREATE TABLE backfills (
          operation TEXT PRIMARY KEY, tenant TEXT NOT NULL, job TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL,
          max_concurrent INTEGER NOT NULL, total INTEGER NOT NULL, started INTEGER NOT NULL, succeeded INTEGER NOT NULL,
          failed INTEGER NOT NULL, status TEXT NOT NULL, created INTEGER NOT NULL, ended INTEGER, reason TEXT) WITHOUT ROWID;
        CREATE INDEX backfills_job ON backfills (job, created);
        """;
}
