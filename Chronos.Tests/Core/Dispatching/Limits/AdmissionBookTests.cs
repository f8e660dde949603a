using System.Collections.Immutable;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Dispatching.Limits;

/// <summary>Which attempt leaves when.</summary>
public sealed class AdmissionBookTests
{
    private const int Capacity = 64;

    /// <summary>What one target gets that is alone: an eighth is kept for others, and of the rest three times what is left free.</summary>
    private const int Alone = 42;
    private readonly AdmissionBook _book = new(new AdmissionOptions(Capacity, 3), new FlowTags());
    private readonly List<AttemptRequest> _gone = [];
    private readonly Queue<AttemptRequest> _offered = [];
    private TimeSpan _now;
    private int _number;

    [Fact]
    public void A_target_that_holds_all_it_gets_leaves_room_for_others()
    {
        Offer(200, "hang");
        Assert.Equal(Alone, _gone.Count);

        // One after another, each over before the next: the hanging target never takes their place.
        for (var n = 0; n < 500; n++)
        {
            var before = _gone.Count;
            Offer(1, "well");
            Assert.Equal(before + 1, _gone.Count);
            End(_gone[^1]);
        }

        Assert.Equal(Alone, _gone.Count(a => a.JobName.StartsWith("hang", StringComparison.Ordinal)));
    }

    [Fact]
    public void When_ten_targets_hang_there_is_room_for_the_next()
    {
        for (var target = 0; target < 10; target++)
        {
            Offer(100, $"hang{target}");
        }

        Offer(1, "well");
        Assert.Equal("well", _gone[^1].JobName[..4]);
    }

    [Fact]
    public void A_pool_that_is_full_serves_the_jobs_of_a_line_in_turn()
    {
        Offer(100, "t", job: "first");
        Offer(20, "t", job: "second");
        _gone.Clear();
        while (_gone.Count < 20)
        {
            EndOne();
        }

        Assert.Equal(10, _gone.Count(a => a.JobName == "second"));
    }

    [Fact]
    public void The_urgent_come_first_and_the_low_come_through()
    {
        Offer(Alone, "t");
        var first = _gone.ToList();
        Offer(20, "t", job: "low", priority: JobPriority.Low);
        Offer(20, "t", job: "critical", priority: JobPriority.Critical);
        _gone.Clear();
        foreach (var ended in first.Take(16))
        {
            End(ended);
        }

        Assert.Equal("critical", _gone[0].JobName);
        Assert.Equal(14, _gone.Count(a => a.JobName == "critical"));
        Assert.Equal(2, _gone.Count(a => a.JobName == "low"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(7)]
    public void Looks_that_find_nothing_make_nobody_urgent(int looks)
    {
        var one = Limits(target: new FlowLimit(1, null));
        Offer(1, "t", job: "first", limits: one);
        Offer(20, "t", job: "low", priority: JobPriority.Low, limits: one);
        Offer(20, "t", job: "critical", priority: JobPriority.Critical, limits: one);
        for (var n = 0; n < 16; n++)
        {
            for (var look = 0; look < looks; look++)
            {
                Look();
            }

            End(_gone[^1]);
        }

        Assert.Equal(17, _gone.Count);
        Assert.Equal(2, _gone.Count(a => a.JobName == "low"));
    }

    [Fact]
    public void A_limit_of_a_job_holds_back_that_job_alone()
    {
        var limits = Limits(job: new FlowLimit(2, null));
        Offer(50, "t", job: "limited", limits: limits);
        Offer(10, "t", job: "free");

        Assert.Equal((2, 10), (_gone.Count(a => a.JobName == "limited"), _gone.Count(a => a.JobName == "free")));
        End(_gone[0]);
        Assert.Equal(3, _gone.Count(a => a.JobName == "limited"));
    }

    [Fact]
    public void A_limit_of_a_target_counts_for_every_job_that_goes_there_and_the_tightest_counts()
    {
        Offer(1, "t", job: "wide", limits: Limits(target: new FlowLimit(9, null)));
        Offer(1, "t", job: "tight", limits: Limits(target: new FlowLimit(3, null)));
        Offer(10, "t", job: "free");
        Offer(5, "other", job: "elsewhere");

        Assert.Equal(3, _gone.Count(a => a.JobName != "elsewhere"));
        Assert.Equal(5, _gone.Count(a => a.JobName == "elsewhere"));
    }

    [Fact]
    public void A_limit_that_its_job_no_longer_has_is_gone()
    {
        Offer(1, "t", job: "a", limits: Limits(target: new FlowLimit(1, null)));
        Offer(3, "t", job: "b");
        Assert.Single(_gone);

        Offer(1, "t", job: "a");
        Assert.Equal(5, _gone.Count);
    }

    [Fact]
    public void A_limit_of_a_tag_is_shared_by_all_targets_with_its_value()
    {
        var limits = Limits(tag: new FlowLimit(4, null));
        Offer(5, "one", limits: limits, team: "data");
        Offer(5, "two", team: "data");
        Offer(5, "three", team: "web");

        Assert.Equal((4, 5), (_gone.Count(a => a.Tags["team"] == "data"), _gone.Count(a => a.Tags["team"] == "web")));
    }

    [Fact]
    public void Jobs_of_one_concurrency_key_take_turns_whatever_their_targets()
    {
        FlowLimits Key(string name, int limit = 1) => Limits() with { Key = new FlowKey(name, limit) };
        Offer(2, "a", "one", limits: Key("warehouse"));
        Offer(2, "b", "two", limits: Key("warehouse"));
        Offer(2, "c", "three", limits: Key("other", 2));
        Offer(1, "c", "four");
        Assert.Equal(["one", "three", "three", "four"], _gone.Select(a => a.JobName));
        var sent = new List<string> { "one" };
        for (var n = 0; n < 3; n++)
        {
            var held = _gone.Single(a => a.JobName is "one" or "two");
            _gone.Remove(held);
            End(held);
            Look();
            sent.Add(_gone.Single(a => a.JobName is "one" or "two").JobName);
        }

        Assert.Equal(["one", "one", "two", "two"], sent.Order());
    }

    [Fact]
    public void A_concurrency_key_is_no_tag_of_the_same_name()
    {
        Offer(2, "a", "one", limits: Limits() with { Key = new FlowKey("x", 1) });
        Offer(5, "b", "two", limits: Limits(tag: new FlowLimit(5, null)));
        Assert.Equal((1, 5), (_gone.Count(a => a.JobName == "one"), _gone.Count(a => a.JobName == "two")));
    }

    [Fact]
    public void A_rate_lets_so_many_leave_in_a_minute()
    {
        Offer(100, "t", job: "slow", limits: Limits(job: new FlowLimit(null, new FlowRate(60, TimeSpan.FromMinutes(1), 5))));
        Assert.Equal(5, _gone.Count);

        foreach (var _ in Enumerable.Range(0, 1_000))
        {
            foreach (var running in _gone.Where(a => _book.RunsFor(a.Execution, a.Attempt, _now) is not null).ToList())
            {
                End(running);
            }

            _now += TimeSpan.FromMilliseconds(20);
            _book.NextOfAll(_now, _gone);
        }

        Assert.InRange(_gone.Count, 24, 26);
    }

    [Theory]
    [InlineData(6, 3)]
    [InlineData(7, 3)]
    [InlineData(3, 3)]
    [InlineData(5, 4)]
    public void The_parts_of_the_nodes_together_are_the_limit(int limit, int nodes)
    {
        foreach (var name in new[] { "http://a:80", "http://b:80", "team=x" })
        {
            var parts = Enumerable.Range(0, nodes).Select(rank => new NodePart(nodes, rank, 7).Of(limit, name)).ToList();
            Assert.Equal(limit, parts.Sum());
            Assert.All(parts, part => Assert.InRange(part, limit / nodes, (limit / nodes) + 1));
        }
    }

    [Fact]
    public void A_limit_below_the_number_of_nodes_is_one_nodes_at_a_time_and_each_ones_in_turn()
    {
        foreach (var name in new[] { "http://a:80", "team=x" })
        {
            var turns = Enumerable.Range(100, 6).Select(turn => Assert.Single(Enumerable.Range(0, 3), rank => new NodePart(3, rank, turn).Has(name))).ToList();
            Assert.Equal([0, 1, 2], turns.Take(3).Order());
            Assert.Equal(turns.Take(3), turns.Skip(3));
        }
    }

    [Fact]
    public void Who_has_the_turn_waits_for_word_of_the_others_and_leaves_them_what_they_still_have()
    {
        var mine = Enumerable.Range(0, 3).Select(turn => new NodePart(3, 0, turn)).Single(part => part.Has("http://t:80"));
        var not = mine with { Turn = mine.Turn + 1 };
        _book.Sweep(not, static _ => 0, _now);
        Offer(4, "t", limits: Limits(target: new FlowLimit(2, null)));
        Look();
        Assert.Empty(_gone);

        _book.Sweep(mine, static _ => null, _now);
        Look();
        Assert.Empty(_gone);

        _book.Sweep(mine, static _ => 1, _now);
        Look();
        Assert.Single(_gone);

        _book.Sweep(mine, static _ => 0, _now);
        Look();
        Assert.Equal(2, _gone.Count);

        // The turn is over: what is on its way goes on, and is told to who is next; nothing else leaves.
        _book.Sweep(not, static _ => 0, _now);
        Assert.Equal([("http://t:80", 2)], _book.GoingRound);
        End(_gone[0]);
        Look();
        Assert.Equal(2, _gone.Count);
        Assert.Equal([("http://t:80", 1)], _book.GoingRound);
    }

    [Fact]
    public void Nodes_share_the_limit_of_a_target_and_not_that_of_a_job()
    {
        Offer(1, "t", job: "declares", limits: Limits(target: new FlowLimit(6, null)));
        _book.Sweep(new NodePart(3, 0, 0), static _ => 0, _now);
        Offer(10, "t");
        Assert.Equal(2, _gone.Count);

        Offer(10, "u", job: "own", limits: Limits(job: new FlowLimit(3, null)));
        _book.Sweep(new NodePart(3, 0, 0), static _ => 0, _now);
        Assert.Equal(3, _gone.Count(a => a.JobName == "own"));
    }

    [Fact]
    public void What_waits_is_bounded_and_one_job_leaves_room_in_its_line()
    {
        var refused = Offer(10_000, "t", job: "flood");
        Assert.InRange(_book.Waiting, 100, 200);
        Assert.Equal(10_000 - Alone - _book.Waiting, refused);
        Assert.False(_book.HasRoomAgain(FlowLine.Of(_gone[0])));

        Assert.Equal(0, Offer(1, "t", job: "next"));
        for (var target = 0; target < 300; target++)
        {
            Offer(300, $"t{target}");
        }

        Assert.InRange(_book.Waiting, 1_000, 8_192);
    }

    [Fact]
    public void What_waits_can_be_taken_back_and_gives_way_to_a_later_attempt()
    {
        Offer(Alone, "t");
        var waiting = Attempt("t", "late", JobPriority.Normal, null, "x");
        Assert.Equal(Admission.Wait, _book.Offer(waiting, _now, out _));
        Assert.Equal(Admission.Known, _book.Offer(waiting, _now, out var none));
        Assert.Null(none);

        Assert.Equal(Admission.Wait, _book.Offer(waiting with { Attempt = 2 }, _now, out var givenUp));
        Assert.Equal(waiting, givenUp);
        Assert.Equal(Admission.Known, _book.Offer(waiting, _now, out givenUp));
        Assert.Equal(waiting, givenUp);
        Assert.True(_book.IsWaiting(waiting.Execution, 2));
        Assert.Equal(2, _book.Withdraw(waiting.Execution)!.Attempt);
        Assert.Equal(0, _book.Waiting);
    }

    [Fact]
    public void A_target_tells_how_it_did_in_the_last_minute()
    {
        Offer(3, "t");
        End(_gone[0]);
        End(_gone[1], FailureClass.ServerError, "it said 500");
        End(_gone[2], FailureClass.CircuitOpen, "the circuit is open");
        var target = Assert.Single(_book.Targets);

        Assert.Equal((1, 2, "it said 500"), (target.SucceededLately(_now), target.FailedLately(_now), target.LastError));
        _now += TimeSpan.FromSeconds(70);
        Assert.Equal((0, 0), (target.SucceededLately(_now), target.FailedLately(_now)));
    }

    private static FlowLimits Limits(FlowLimit? job = null, FlowLimit? target = null, FlowLimit? tag = null) =>
        new(job, target, tag is null ? ImmutableSortedDictionary<string, FlowLimit>.Empty : ImmutableSortedDictionary<string, FlowLimit>.Empty.Add("team", tag));

    /// <summary>Answers how many were refused.</summary>
    private int Offer(int count, string target, string? job = null, JobPriority priority = JobPriority.Normal, FlowLimits? limits = null, string team = "x")
    {
        var refused = 0;
        for (var n = 0; n < count; n++)
        {
            var attempt = Attempt(target, job ?? $"{target}-{n}", priority, limits, team);
            var admission = _book.Offer(attempt, _now, out _);
            if (admission == Admission.Go)
            {
                _gone.Add(attempt);
            }
            else if (admission == Admission.Wait)
            {
                _book.Next(_now, _gone);
            }

            refused += admission == Admission.Refuse ? 1 : 0;
        }

        return refused;
    }

    private void Look() => _book.NextOfAll(_now, _gone);

    private void EndOne() => End(_offered.Dequeue());

    private void End(AttemptRequest attempt, FailureClass failure = FailureClass.None, string? error = null)
    {
        _book.Ended(attempt.Execution, attempt.Attempt, new AttemptOutcome(failure, DateTimeOffset.UnixEpoch, TimeSpan.Zero, null, error, null, null), _now);
        _book.Next(_now, _gone);
    }

    private AttemptRequest Attempt(string target, string job, JobPriority priority, FlowLimits? limits, string team)
    {
        var id = JobId.For(TenantId.Default, job);
        var attempt = new AttemptRequest(
            TenantId.Default, id, job, 1, ExecutionId.ForSlot(id, DateTimeOffset.UnixEpoch.AddSeconds(++_number)), 1, DateTimeOffset.UnixEpoch,
            new DispatchTarget(Protocol.Http, $$"""{"url":"http://{{target}}/"}"""), null, TimeSpan.FromSeconds(10), [],
            ImmutableSortedDictionary<string, string>.Empty.Add("team", team), "")
        {
            Limits = limits,
            Priority = priority,
        };
        _offered.Enqueue(attempt);
        return attempt;
    }
}
