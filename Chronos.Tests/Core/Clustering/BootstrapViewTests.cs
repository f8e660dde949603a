using Chronos.Core.Clustering;
using Xunit;

namespace Chronos.Tests.Core.Clustering;

public sealed class BootstrapViewTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly BootstrapRule Rule = new(3, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(5));
    private static readonly string[] Contacts = ["a:80", "b:80", "c:80"];

    [Fact]
    public void The_lowest_founds_once_all_have_answered_and_nothing_has_moved_for_the_margin()
    {
        var view = All(View("akka://x@a:1"), Start.AddSeconds(2.9));
        Assert.Equal("the contact points have changed just now", Why(view, 2.9));
        Assert.IsType<BootstrapStep.Found>(view.Decide(Rule, Start.AddSeconds(3)));
        Assert.Equal("akka://x@a:1 founds the cluster", Why(All(View("akka://x@b:1"), Start.AddSeconds(3)), 3));
    }

    [Fact]
    public void Nobody_founds_while_a_contact_point_is_missing_silent_or_the_same_node_twice()
    {
        var view = All(View("akka://x@a:1"), Start.AddSeconds(3));
        Assert.Equal("no answer from b:80", Why(view.Silent("b:80"), 4));
        Assert.StartsWith("no answer from", Why(view, 8.1), StringComparison.Ordinal);
        Assert.Equal("2 of 3 contact points were found", Why(view.Found(["a:80", "b:80"], Start), 4));
        Assert.Equal("2 of 3 nodes are behind the contact points", Why(view.Heard("c:80", new ContactAnswer("akka://x@b:1", [], Start.AddSeconds(3))), 4));
        Assert.Equal("this node is not among the contact points", Why(All(View("akka://x@0:1"), Start.AddSeconds(3)), 4));
    }

    [Fact]
    public void Whoever_sees_a_cluster_joins_it_whatever_else_is_missing_but_never_himself()
    {
        var view = View("akka://x@a:1").Found(["a:80", "b:80"], Start);
        Assert.Equal(new BootstrapStep.Join(["akka://x@b:1"]), view.Heard("b:80", new ContactAnswer("akka://x@b:1", ["akka://x@b:1", "akka://x@a:1"], Start)).Decide(Rule, Start));
        Assert.IsType<BootstrapStep.Wait>(view.Heard("b:80", new ContactAnswer("akka://x@b:1", ["akka://x@a:1"], Start)).Decide(Rule, Start));
    }

    [Fact]
    public void Two_clusters_and_two_languages_are_said_and_not_joined()
    {
        var view = View("akka://x@a:1").Heard("b:80", new ContactAnswer("akka://x@b:1", ["akka://x@b:1"], Start));
        Assert.Contains("2 different clusters", Why(view.Heard("c:80", new ContactAnswer("akka://x@c:1", ["akka://x@c:1"], Start)), 0), StringComparison.Ordinal);
        Assert.IsType<BootstrapStep.Join>(view.Heard("c:80", new ContactAnswer("akka://x@c:1", ["akka://x@b:1", "akka://x@c:1"], Start)).Decide(Rule, Start));
        Assert.Contains("TLS", Why(view.Heard("c:80", new ContactAnswer("akka.ssl.tcp://x@c:1", [], Start)), 0), StringComparison.Ordinal);
    }

    /// <summary>
    /// Nodes in virtual time: started together or shifted, contact points that appear late and differently for each, answers that are lost, nodes
    /// that end and come back. The claim that stands behind the rule in a real cluster is left out: the rule alone must do it.
    /// </summary>
    [Fact]
    public void In_two_thousand_worlds_there_is_never_a_second_cluster_and_always_one_in_the_end()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new System.Random(seed);
            var count = random.Next(3, 6);
            var rule = Rule with { Required = count };
            var names = Enumerable.Range(0, count).Select(i => $"akka://x@{(char)('a' + i)}:1").ToList();
            var starts = names.Select(_ => random.Next(3) == 0 ? 0.0 : random.NextDouble() * 12).ToList();
            var restarts = names.Select(_ => random.Next(4) == 0 ? 20 + (random.NextDouble() * 10) : double.MaxValue).ToList();
            var views = new BootstrapView?[count];
            var member = new bool[count];
            var founded = 0;
            for (var step = 0; step < 120; step++)
            {
                var seconds = step * 0.5;
                var now = Start.AddSeconds(seconds);
                for (var i = 0; i < count; i++)
                {
                    if (seconds < starts[i])
                    {
                        continue;
                    }

                    if (seconds >= restarts[i])
                    {
                        // Its former life is still listed by the others, unless it was the only one.
                        (restarts[i], views[i], member[i]) = (double.MaxValue, null, false);
                    }

                    if (member[i])
                    {
                        continue;
                    }

                    var view = (views[i] ?? BootstrapView.Of(names[i], now)).Found(
                        Enumerable.Range(0, count).Where(n => n == i || seconds >= starts[n] - 1 + (random.NextDouble() * 3)).Select(n => $"c{n}"), now);
                    for (var n = 0; n < count; n++)
                    {
                        view = seconds >= starts[n] && random.Next(10) > 0
                            ? view.Heard($"c{n}", new ContactAnswer(names[n], member[n] ? [.. names.Where((_, m) => member[m])] : [], now))
                            : view.Silent($"c{n}");
                    }

                    views[i] = view;
                    switch (view.Decide(rule, now))
                    {
                        case BootstrapStep.Found:
                            founded += member.Any(m => m) ? 100 : 1;
                            member[i] = true;
                            break;
                        case BootstrapStep.Join:
                            member[i] = true;
                            break;
                    }
                }
            }

            Assert.True(founded == 1 && member.All(m => m), $"seed {seed}: founded {founded}, members {member.Count(m => m)} of {count}");
        }
    }

    private static BootstrapView View(string self) => BootstrapView.Of(self, Start).Found(Contacts, Start);

    private static BootstrapView All(BootstrapView view, DateTimeOffset at) =>
        Contacts.Aggregate(view, (v, contact) => v.Heard(contact, new ContactAnswer($"akka://x@{contact[0]}:1", [], at)));

    private static string Why(BootstrapView view, double seconds) => Assert.IsType<BootstrapStep.Wait>(view.Decide(Rule, Start.AddSeconds(seconds))).Why;
}
