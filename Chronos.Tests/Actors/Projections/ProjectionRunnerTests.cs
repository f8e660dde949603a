using System.Data.Common;
using System.Diagnostics.Metrics;
using Chronos.Actors.Kernel;
using Chronos.Actors.Projections;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Projections;
using Microsoft.Data.Sqlite;
using Xunit;
using static Chronos.Tests.Actors.Projections.ReadSide;

namespace Chronos.Tests.Actors.Projections;

public sealed class ProjectionRunnerTests
{
    [Fact]
    public async Task Folding_the_same_journal_anew_gives_the_same_tables_whatever_the_chunks()
    {
        using var side = new ReadSide();
        await Mixture(side);
        var first = side.Dump();
        Assert.Contains("executions: ", first, StringComparison.Ordinal);
        foreach (var projection in new[] { "ledger", "catalog" })
        {
            Assert.True(await side.Runner.Rebuild(projection, TestContext.Current.CancellationToken));
        }

        await side.CaughtUp();
        Assert.Equal(first, side.Dump());
        Assert.False(await side.Runner.Rebuild("no-such", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task While_executions_wait_for_a_place_everything_is_folded_all_the_same()
    {
        var pressure = new NodePressure();
        pressure.Holds(7, 100_000);
        using var side = new ReadSide(pressure: pressure);
        await side.Tell(Created("a"), Batch(Started("a", T0)));

        // Now without anybody who waits for it.
        var last = side.Journal.Append(Batch(Ended("a", T0)));
        await Until(() => side.Runner.Health.All(h => h.Offset == last));
        pressure.Holds(7, 0);
        Assert.False(pressure.IsHigh);
        Assert.Equal(1, side.Ledger.Stats(TenantId.Default, T0).Executions[ExecutionStatus.Succeeded]);
    }

    /// <summary>Whoever reads a list right after a change is told that it may be behind, also before the runner has looked.</summary>
    [Fact]
    public async Task What_was_committed_and_is_not_folded_is_a_lag_from_the_first_instant()
    {
        using var side = new ReadSide();
        await side.Tell(Created("a"));
        await Until(() => side.Runner.Health.All(h => h.LagSeconds == 0));
        for (var i = 0; i < 50; i++)
        {
            var ordering = side.Journal.Append(Created($"b{i}"));
            var health = side.Runner.Health;
            Assert.All(health, h => Assert.True(h.Offset >= ordering || h.LagSeconds > 0, $"{h.Offset} of {ordering}: {h.LagSeconds}"));
        }

        await Until(() => side.Runner.Health.All(h => h.LagSeconds == 0));
    }

    [Fact]
    public async Task A_restart_goes_on_where_it_stopped_and_folds_nothing_twice()
    {
        using var side = new ReadSide();
        await Mixture(side);
        var dump = side.Dump();
        side.Stop();

        using var again = new ReadSide(side.Journal, side.Folder);
        await again.CaughtUp();
        Assert.Equal(dump, again.Dump());
        Assert.False(again.Log.Has("rebuilt"));
    }

    [Fact]
    public async Task A_chunk_that_fails_after_the_model_was_written_leaves_neither_model_nor_offset()
    {
        // The second projection of the transaction fails once, after the ledger has written its rows.
        var fault = new FailingProjection("late") { Times = 1 };
        using var side = new ReadSide(projections: [new LedgerProjection(), fault]);
        await side.Tell(Created("a"), Batch(Started("a", T0)), "x");
        Assert.Equal(1, fault.Failures);
        Assert.Equal(1, side.Ledger.Stats(TenantId.Default, T0).Executions[ExecutionStatus.Running]);

        // What is kept of executions that run is of the transaction that was committed: the end finds the row.
        fault.Times = 2;
        await side.Tell(Batch(Started("a", T0.AddMinutes(1))), Batch(AttemptEnded("a", T0), Ended("a", T0)), "x");
        await side.Tell(Batch(AttemptEnded("a", T0.AddMinutes(1)), Ended("a", T0.AddMinutes(1))));
        Assert.Equal(2, fault.Failures);
        Assert.Equal(2, side.Ledger.Stats(TenantId.Default, T0).Executions[ExecutionStatus.Succeeded]);
        Assert.Equal(7, side.Ledger.Find(TenantId.Default, ExecutionId.ForSlot(Id("a"), T0.AddMinutes(1)))!.LatenessMs);
    }

    [Fact]
    public async Task An_event_that_cannot_be_folded_stops_its_projection_there_and_the_others_go_on()
    {
        var poisoned = new FailingProjection("poisoned") { Times = int.MaxValue };
        using var side = new ReadSide(projections: [new LedgerProjection(), poisoned]);
        side.Journal.Append(Created("a"), Batch(Started("a", T0)), "x", Batch(Ended("a", T0)));
        await Until(() => side.Runner.Health[0] is { Ready: true, Offset: > 0 } && side.Runner.Health[1].State == ProjectionState.Stopped);

        var stopped = side.Runner.Health[1];
        Assert.False(stopped.Ready);
        Assert.Contains("ordering 5", stopped.Error, StringComparison.Ordinal);
        Assert.Contains("other|1", stopped.Error, StringComparison.Ordinal);
        Assert.Equal(3, stopped.Offset);
        Assert.True(stopped.LagEntries > 0);
        Assert.Equal(2, poisoned.Folded);
        Assert.Equal(ExecutionStatus.Succeeded, side.Ledger.Find(TenantId.Default, ExecutionId.ForSlot(Id("a"), T0))!.Status);
        Assert.False(await side.Runner.WaitUntil(side.Journal.Highest(), TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));

        poisoned.Times = 0;
        Assert.True(await side.Runner.Rebuild("poisoned", TestContext.Current.CancellationToken));
        await side.CaughtUp();
    }

    [Fact]
    public async Task A_journal_that_cannot_be_read_is_waited_for_and_nothing_is_skipped()
    {
        using var side = new ReadSide();
        await side.Tell(Created("a"));
        side.Journal.Fault = new IOException("the journal is away");
        side.Journal.Append(Batch(Started("a", T0)));
        await Until(() => side.Runner.Health.All(h => h.State == ProjectionState.Waiting));
        Assert.Equal("the journal is away", side.Runner.Health[0].Error);
        Assert.False(side.Runner.Health[0].Ready);

        side.Journal.Fault = null;
        await side.CaughtUp();
        await Until(() => side.Runner.Health.All(h => h.Ready));
        Assert.NotNull(side.Ledger.Find(TenantId.Default, ExecutionId.ForSlot(Id("a"), T0)));
    }

    [Fact]
    public async Task A_model_of_another_version_or_of_another_journal_is_rebuilt()
    {
        using var side = new ReadSide();
        await Mixture(side);
        var dump = side.Dump();
        side.Stop();
        Tamper(side, "UPDATE projection_offsets SET model_version=99 WHERE name='ledger'; UPDATE projection_offsets SET ordering=99999 WHERE name='catalog'; DELETE FROM executions; DELETE FROM jobs");

        using var again = new ReadSide(side.Journal, side.Folder);
        await again.CaughtUp();
        Assert.Equal(dump, again.Dump());
        Assert.True(again.Log.Has("version 99"));
        Assert.True(again.Log.Has("another journal"));
    }

    [Fact]
    public async Task Waiting_for_an_entry_that_does_not_come_ends_with_false()
    {
        using var side = new ReadSide();
        Assert.False(await side.Runner.WaitUntil(1_000, TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken));
        var waiting = side.Runner.WaitUntil(1_000, TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
        side.Stop();
        Assert.False(await waiting);
    }

    [Fact]
    public async Task The_lag_is_published_for_each_projection()
    {
        using var side = new ReadSide();
        await side.Tell(Created("a"));
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument is { Meter.Name: "Chronos", Name: "chronos_projection_lag_seconds" })
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => seen[(string)tags[0].Value!] = value);
        listener.Start();
        side.Journal.Fault = new IOException("away");
        side.Journal.Append(Created("b"));
        await Until(() =>
        {
            listener.RecordObservableInstruments();
            return seen.GetValueOrDefault("ledger") > 0 && seen.GetValueOrDefault("catalog") > 0;
        });
    }

    private static void Tamper(ReadSide side, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={side.File};Pooling=False");
        connection.Open();
        Sql.Execute(connection, sql);
    }

    internal static async Task Mixture(ReadSide side)
    {
        side.Journal.Append(Created("a"), Created("b", d => d with { Tags = d.Tags.Add("team", "data") }));
        for (var i = 0; i < 50; i++)
        {
            var slot = T0.AddMinutes(i);
            side.Journal.Append(
                Batch(new SlotQueued(Id("a"), slot, ExecutionTrigger.Schedule), Started("b", slot)),
                Batch(Started("a", slot), AttemptEnded("b", slot), Ended("b", slot)),
                Batch(AttemptEnded("a", slot), Ended("a", slot), new SlotsSkipped(Id("b"), slot.AddSeconds(1), slot.AddSeconds(9), 9, SkipReason.Paused, null)));
        }

        await side.CaughtUp();
    }

    /// <summary>Who asks for the state must not be told that it follows when the lists are empty.</summary>
    [Fact]
    public async Task That_a_model_is_rebuilt_is_told_before_it_is_empty()
    {
        var watched = new FailingProjection("watched");
        using var side = new ReadSide(projections: [watched]);
        side.Journal.Append(Created("a"));
        await side.CaughtUp();
        ProjectionHealth? told = null;
        watched.Emptied = () => told = side.Runner.Health[0];
        Assert.True(await side.Runner.Rebuild("watched", TestContext.Current.CancellationToken));
        Assert.Equal(ProjectionState.Rebuilding, told?.State);
        await side.CaughtUp();
        await Until(() => side.Runner.Health[0].Ready);
    }

    /// <summary>Counts entries; fails on the event "x" as often as it is told to.</summary>
    private sealed class FailingProjection(string name) : IProjection
    {
        private int _failures;

        public int Times { get; set; }

        public int Failures => _failures;

        public int Folded { get; private set; }

        public string Name => name;

        public int ModelVersion => 1;

        public Action? Emptied { get; set; }

        public void Reset(DbConnection connection, DbTransaction transaction)
        {
            Folded = 0;
            Emptied?.Invoke();
        }

        public void Apply(IReadOnlyList<JournalEntry> entries, DbConnection connection, DbTransaction transaction)
        {
            if (entries.Any(e => e.Event is "x") && _failures < Times)
            {
                _failures++;
                throw new InvalidOperationException("no such event");
            }

            Folded += entries.Count;
        }
    }
}
