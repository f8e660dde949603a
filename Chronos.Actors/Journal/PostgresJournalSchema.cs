using Npgsql;

namespace Chronos.Actors.Journal;

/// <summary>
/// The tables of Akka.Persistence.Sql as its stock classes make them, and what PostgreSQL needs beyond: orderings that become visible
/// in their own order, persistence ids that compare byte by byte, and how far each node has read.
/// </summary>
internal static class PostgresJournalSchema
{
    /// <summary>Nodes that start together make the tables one after another.</summary>
    private const string TakeTurn = "SELECT pg_advisory_xact_lock(hashtext('chronos'), hashtext('journal schema'))";

    private const string Complete =
        """
        SELECT to_regclass('journal') IS NOT NULL AND to_regclass('snapshot') IS NOT NULL AND to_regclass('tags') IS NOT NULL
           AND to_regclass('journal_readers') IS NOT NULL AND to_regclass('cluster_leases') IS NOT NULL AND to_regclass('cluster_losses') IS NOT NULL
           AND to_regclass('cluster_presence') IS NOT NULL
           AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('journal') AND tgname = 'journal_in_order')
        """;

    /// <remarks>
    /// A statement trigger runs before the first row of the statement takes its ordering from the sequence, and the lock ends when the
    /// commit is visible: whoever takes the lock next takes higher orderings and becomes visible later. It holds for every class that
    /// inserts, from every node. The key is the table itself, so that two journals in one database do not wait for each other.
    /// </remarks>
    private const string Tables =
        """
        CREATE TABLE IF NOT EXISTS journal (
            ordering bigserial PRIMARY KEY,
            created bigint NOT NULL,
            deleted boolean NOT NULL,
            persistence_id varchar(255) COLLATE "C" NOT NULL,
            sequence_number bigint NOT NULL,
            message bytea NOT NULL,
            manifest varchar(500),
            identifier integer,
            writer_uuid varchar(128),
            CONSTRAINT journal_uq UNIQUE (persistence_id, sequence_number));
        CREATE TABLE IF NOT EXISTS tags (
            ordering_id bigint NOT NULL,
            tag varchar(64) NOT NULL,
            sequence_nr bigint NOT NULL,
            persistence_id varchar(255) COLLATE "C" NOT NULL,
            PRIMARY KEY (ordering_id, tag));
        CREATE TABLE IF NOT EXISTS snapshot (
            persistence_id varchar(255) COLLATE "C" NOT NULL,
            sequence_number bigint NOT NULL,
            created bigint NOT NULL,
            snapshot bytea NOT NULL,
            manifest varchar(500),
            serializer_id integer,
            PRIMARY KEY (persistence_id, sequence_number));
        CREATE TABLE IF NOT EXISTS journal_readers (
            reader text PRIMARY KEY,
            ordering bigint NOT NULL,
            seen_at timestamptz NOT NULL);
        CREATE TABLE IF NOT EXISTS cluster_leases (
            name text PRIMARY KEY,
            owner text NOT NULL,
            token bigint NOT NULL,
            expires_at timestamptz NOT NULL);
        CREATE TABLE IF NOT EXISTS cluster_losses (
            lease text NOT NULL,
            member text NOT NULL,
            token bigint NOT NULL,
            lost_at timestamptz NOT NULL,
            PRIMARY KEY (lease, member));
        CREATE TABLE IF NOT EXISTS cluster_presence (
            member text PRIMARY KEY,
            seen_at timestamptz NOT NULL);
        CREATE OR REPLACE FUNCTION journal_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('chronos'), TG_RELID::bigint::bit(32)::integer);
            RETURN NULL;
        END $$;
        DROP TRIGGER IF EXISTS journal_in_order ON journal;
        CREATE TRIGGER journal_in_order BEFORE INSERT ON journal FOR EACH STATEMENT EXECUTE FUNCTION journal_in_order();
        """;

    public static void Make(NpgsqlConnection connection)
    {
        if (IsComplete(connection))
        {
            return;
        }

        using var transaction = connection.BeginTransaction();
        connection.Execute(TakeTurn);
        if (!IsComplete(connection))
        {
            connection.Execute(Tables);
        }

        transaction.Commit();
    }

    private static bool IsComplete(NpgsqlConnection connection)
    {
        using var command = connection.Command(Complete);
        return command.ExecuteScalar() is true;
    }
}
