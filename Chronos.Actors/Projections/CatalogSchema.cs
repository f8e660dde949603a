namespace Chronos.Actors.Projections;

/// <summary>The tables of the catalog.</summary>
internal static class CatalogSchema
{
    /// <summary>Rises with every change of the tables.</summary>
    public const int Version = 2;

    /// <remarks>
    /// <c>plan_outbox</c> holds, for each job, the newest version that its timetable has not acknowledged. The full-text index keeps
    /// no copy of the text, only which words a job has.
    /// </remarks>
    public const string Create = """
        DROP TABLE IF EXISTS jobs;
        DROP TABLE IF EXISTS job_tags;
        DROP TABLE IF EXISTS job_revisions;
        DROP TABLE IF EXISTS plan_outbox;
        CREATE TABLE jobs (
          seq INTEGER PRIMARY KEY, job TEXT NOT NULL, tenant TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, revision INTEGER NOT NULL,
          enabled INTEGER NOT NULL, paused INTEGER NOT NULL, pause_reason TEXT, paused_at INTEGER, paused_until INTEGER,
          created_at INTEGER NOT NULL, created_by TEXT NOT NULL, updated_at INTEGER NOT NULL, updated_by TEXT NOT NULL, document TEXT NOT NULL);
        CREATE UNIQUE INDEX jobs_job ON jobs (job);
        CREATE UNIQUE INDEX jobs_name ON jobs (tenant, name);
        CREATE INDEX jobs_created ON jobs (tenant, created_at);
        CREATE INDEX jobs_updated ON jobs (tenant, updated_at);
        CREATE INDEX jobs_state ON jobs (tenant, enabled, paused);
        CREATE TABLE job_tags (seq INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, tenant TEXT NOT NULL, PRIMARY KEY (seq, key)) WITHOUT ROWID;
        CREATE INDEX job_tags_key ON job_tags (tenant, key, value);
        CREATE TABLE job_revisions (
          job TEXT NOT NULL, revision INTEGER NOT NULL, tenant TEXT NOT NULL, document TEXT NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL,
          at INTEGER NOT NULL, PRIMARY KEY (job, revision));
        CREATE TABLE plan_outbox (job TEXT PRIMARY KEY, tenant TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX plan_outbox_at ON plan_outbox (at);
        """;

    public const string SqliteText = """
        DROP TABLE IF EXISTS jobs_text;
        CREATE VIRTUAL TABLE jobs_text USING fts5 (
          words, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2", prefix='2 3');
        """;

    public const string PostgresText = """
        DROP TABLE IF EXISTS jobs_text;
        CREATE TABLE jobs_text (seq bigint PRIMARY KEY, words tsvector NOT NULL);
        CREATE INDEX jobs_text_words ON jobs_text USING gin (words);
        """;
}
