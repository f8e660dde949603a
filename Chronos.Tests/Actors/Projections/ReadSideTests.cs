using Chronos.Actors.Journal;
using Chronos.Actors.Projections;
using Chronos.Core.Contracts;
using Chronos.Tests.Kit;
using Npgsql;
using Xunit;

namespace Chronos.Tests.Actors.Projections;

public sealed class CatalogProjectionTests : CatalogProjectionCompliance
{
    private protected override ReadSide Open() => new();
}

public sealed class LedgerProjectionTests : LedgerProjectionCompliance
{
    private protected override ReadSide Open() => new();
}

public sealed class ExecutionListTests : ExecutionListCompliance
{
    private protected override ReadSide Open() => new();

    private protected override void AssertIndexed(string index, ExecutionFilter filter)
    {
        var plan = Side.Database.Read(connection =>
        {
            using var command = ExecutionListQuery.Compile(filter, [])!.Command(connection);
            command.CommandText = "EXPLAIN QUERY PLAN " + command.CommandText;
            return Sql.All(command, r => r.GetString(3)).ToList();
        });
        Assert.Contains(plan, step => step.Contains(index, StringComparison.Ordinal));
        Assert.DoesNotContain(plan, step => step.Contains("SCAN executions", StringComparison.Ordinal) || step.Contains("SCAN e USING", StringComparison.Ordinal));
    }
}

public sealed class PostgresCatalogProjectionTests : CatalogProjectionCompliance
{
    private readonly PostgresAddress _address = PostgresServer.NewDatabase();

    private protected override ReadSide Open() => new(postgres: _address);
}

public sealed class PostgresLedgerProjectionTests : LedgerProjectionCompliance
{
    private readonly PostgresAddress _address = PostgresServer.NewDatabase();

    private protected override ReadSide Open() => new(postgres: _address);
}

public sealed class PostgresExecutionListTests : ExecutionListCompliance
{
    private readonly PostgresAddress _address = PostgresServer.NewDatabase();

    private protected override ReadSide Open() => new(postgres: _address);

    private protected override void AssertIndexed(string index, ExecutionFilter filter)
    {
        // The database does so by itself, a minute after much has changed.
        using (var owner = new NpgsqlConnection(_address.ConnectionString))
        {
            owner.Open();
            Sql.Execute(owner, "ANALYZE");
        }

        var plan = Side.Database.Read(connection =>
        {
            using var command = ExecutionListQuery.Compile(filter, [])!.Command(connection);
            command.CommandText = "EXPLAIN " + command.CommandText;
            return string.Join('\n', Sql.All(command, r => r.GetString(0)));
        });
        Assert.DoesNotContain("Seq Scan on executions", plan, StringComparison.Ordinal);
        Assert.Contains($"using {index} on executions", plan, StringComparison.Ordinal);
    }
}
