using System.Data.Common;
using Chronos.Actors.Journal;
using Chronos.Tests.Kit;
using Npgsql;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

/// <summary>The threads that write and recover, on a server that says nothing any more.</summary>
[Trait("speed", "slow")]
public sealed class PromptConnectionTests
{
    [Fact]
    public async Task A_thread_that_others_wait_for_gives_up_long_before_one_that_nobody_waits_for()
    {
        var address = PostgresServer.NewDatabase();
        try
        {
            var database = new PostgresJournalDatabase(address, Durability.Full);
            using DbConnection prompt = database.OpenPrompt(), own = database.OpenOwn();
            using (var brief = new PostgresJournalDatabase(Allowing(address, "2"), Durability.Full).OpenPrompt())
            {
                Assert.Equal(2, brief.CommandTimeout);
            }

            var asked = new[] { prompt, own }.Select(connection => Task.Run(() => Sleep(connection), TestContext.Current.CancellationToken)).ToArray();
            Assert.Same(asked[0], await Task.WhenAny(asked));
            Assert.IsType<TimeoutException>((await Assert.ThrowsAnyAsync<NpgsqlException>(() => asked[0])).InnerException);
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => asked[1]);
        }
        finally
        {
            PostgresServer.Drop(address);
        }
    }

    /// <summary>As an operator who allows a statement less than usual.</summary>
    private static PostgresAddress Allowing(PostgresAddress address, string seconds) =>
        PostgresAddress.TryParse($"{address.ConnectionString};Command Timeout={seconds}", out var brief, out var wrong) ? brief : throw new InvalidOperationException(wrong);

    private static void Sleep(DbConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT pg_sleep(60)";
        command.ExecuteNonQuery();
    }
}
