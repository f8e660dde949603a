using System.Collections.Immutable;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using CsCheck;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

public sealed class RunningExecutionsTests
{
    private static readonly JobId Job = JobId.For(TenantId.Default, "a");
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_holds_what_a_dictionary_would_hold_whatever_comes_and_goes() =>
        Gen.Select(Gen.Int[0, 29], Gen.Int[1, 3]).Array[0, 200].Sample(steps =>
        {
            var (held, expected) = (RunningExecutions.Empty, ImmutableDictionary<ExecutionId, RunningExecution>.Empty);
            foreach (var (number, attempt) in steps)
            {
                var execution = Running(number, attempt);

                // What is there goes in two of three steps, so that it is few now and many then.
                var goes = attempt < 3 && expected.ContainsKey(execution.Id);
                var before = (held, expected);
                held = goes ? held.Without(execution.Id) : held.With(execution);
                expected = goes ? expected.Remove(execution.Id) : expected.SetItem(execution.Id, execution);
                AssertSame(expected, held);
                AssertSame(before.expected, before.held);
            }

            AssertSame(expected, RunningExecutions.Of([.. held.Values]));
        });

    [Fact]
    public void Taking_away_what_is_not_there_changes_nothing()
    {
        var one = RunningExecutions.Empty.With(Running(1, 1));

        Assert.Same(one, one.Without(Running(2, 1).Id));
        Assert.False(one.TryGetValue(Running(2, 1).Id, out _));
        Assert.Throws<KeyNotFoundException>(() => one[Running(2, 1).Id]);
    }

    private static void AssertSame(ImmutableDictionary<ExecutionId, RunningExecution> expected, RunningExecutions held)
    {
        Assert.Equal((expected.Count, expected.IsEmpty), (held.Count, held.IsEmpty));
        Assert.Equal(expected.Keys.Select(k => k.Value).Order(StringComparer.Ordinal), held.Keys.Select(k => k.Value).Order(StringComparer.Ordinal));
        Assert.All(expected, e => Assert.Equal(e.Value, held[e.Key]));
    }

    private static RunningExecution Running(int number, int attempt)
    {
        var nominal = T0.AddSeconds(number);
        return new RunningExecution(ExecutionId.ForSlot(Job, nominal), nominal, ExecutionTrigger.Schedule, 1, nominal, attempt, true, nominal, "node-1", null, null, null, null, []);
    }
}
