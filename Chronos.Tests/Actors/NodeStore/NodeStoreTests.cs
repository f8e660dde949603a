using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Chronos.Actors.NodeStore;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Projections;
using Xunit;

namespace Chronos.Tests.Actors.NodeStore;

public sealed class NodeStoreTests : IAsyncDisposable
{
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private const string WithLog = ", but not its log";
    private readonly ConcurrentQueue<string> _said = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("chronos-node-").FullName;
    private readonly FakeJournal _journal = new();
    private readonly KeyDirectory _directory = new(TimeProvider.System);
    private readonly ActorSystem _system = System();

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Keys_of_the_journal_open_the_door_until_they_are_revoked_or_expire()
    {
        Start(_system, _directory);
        _journal.Append(Created(1), Created(2), Created(3) with { Expires = At });
        await ReadSide.Until(() => _directory.Count == 3);
        Assert.Equal((Key(1).Id, Scopes.JobsRead, "key:k1"), (_directory.Authenticate(Key(1).Text)!.Id, _directory.Authenticate(Key(1).Text)!.Scopes, _directory.Authenticate(Key(1).Text)!.Principal.Name));
        Assert.Null(_directory.Authenticate(Key(3).Text));
        Assert.Null(_directory.Authenticate(Key(4).Text));
        Assert.Null(_directory.Authenticate(Key(1).Text[..^2] + "00"));
        Assert.Null(_directory.Authenticate(null));

        _journal.Append(new KeyRingEvents.KeyRevoked(TenantId.Default, Key(2).Id, null, new Principal("ann"), At));
        await ReadSide.Until(() => _directory.Authenticate(Key(2).Text) is null);
        Assert.NotNull(_directory.Authenticate(Key(1).Text));
    }

    [Fact]
    public async Task After_a_restart_the_keys_are_there_although_the_journal_is_out_of_reach()
    {
        await FillAndStop();
        _journal.Fault = new IOException("away");
        var directory = new KeyDirectory(TimeProvider.System);
        var system = System();
        Start(system, directory);
        await ReadSide.Until(() => directory.Count == 5);
        Assert.Null(directory.Authenticate(Key(4).Text));
        Assert.NotNull(directory.Authenticate(Key(5).Text));
        await system.Terminate();
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("garbage")]
    [InlineData("empty")]
    [InlineData("truncated")]
    [InlineData("garbage in the middle")]
    [InlineData("a key was added by hand")]
    [InlineData("a place ahead of the journal")]
    [InlineData("a folder")]
    [InlineData("garbage in the first page")]
    [InlineData("garbage in the last page")]
    [InlineData("missing, but not its log")]
    [InlineData("garbage, but not its log")]
    [InlineData("empty, but not its log")]
    [InlineData("truncated, but not its log")]
    [InlineData("garbage in the first page, but not its log")]
    [InlineData("garbage in the last page, but not its log")]
    public async Task A_harmed_file_is_rebuilt_from_the_journal_and_the_log_says_so(string harm)
    {
        await FillAndStop();
        if (harm.EndsWith(WithLog, StringComparison.Ordinal))
        {
            await LeaveLog();
        }

        Harm(harm.Replace(WithLog, "", StringComparison.Ordinal));
        var directory = new KeyDirectory(TimeProvider.System);
        var system = System();
        system.EventStream.Subscribe(system.ActorOf(Akka.Actor.Props.Create(() => new Listener(_said))), typeof(LogEvent));
        Start(system, directory);
        await ReadSide.Until(() => directory.Count == 5 && directory.Authenticate(Key(4).Text) is null && directory.Authenticate(Key(5).Text) is not null);
        await ReadSide.Until(() => CopyOfFile()?.Keys.Count == 5 && CopyOfFile()?.Keys.ContainsKey("intruder") == false && CopyOfFile()?.Offset < 99_999);
        var said = harm.StartsWith("missing", StringComparison.Ordinal) ? "There is no node store" : "is damaged";
        await ReadSide.Until(() => _said.Any(line => line.Contains(said, StringComparison.Ordinal)));
        await system.Terminate();

        var (file, state) = NodeStoreFile.Open(DbPath);
        file.Dispose();
        Assert.Equal(5, state.Keys.Count);
        Assert.Equal([Key(4).Id], state.Keys.Values.Where(k => k.Revoked).Select(k => k.Id));
    }

    [Fact]
    public async Task Where_no_file_can_be_made_keys_are_served_from_the_journal_and_it_is_tried_again()
    {
        // LiteDB makes its log when it writes first.
        var log = Directory.CreateDirectory(Path.Combine(_folder, "node-log.db")).FullName;
        Start(_system, _directory);
        _journal.Append([.. Enumerable.Range(0, 2_500).SelectMany(_ => new object[] { ReadSide.Created("a") }), Created(1)]);
        await ReadSide.Until(() => _directory.Count == 1);
        Assert.False(CopyOfFile()?.Keys.Count > 0);
        Directory.Delete(log);
        await ReadSide.Until(() => CopyOfFile()?.Keys.Count == 1);
    }

    [Fact]
    public void Facts_that_arrive_late_or_twice_change_nothing()
    {
        var revoked = new KeyRingEvents.KeyRevoked(TenantId.Default, Key(1).Id, null, new Principal("ann"), At);
        _directory.Learn(Created(1));
        var before = _directory.Snapshot.Values.ToList();
        _directory.Learn(revoked);
        _directory.Learn(Created(1));
        _directory.Learn(before);
        Assert.Null(_directory.Authenticate(Key(1).Text));
    }

    private string DbPath => Path.Combine(_folder, "node.db");

    /// <summary>What the file holds now; it has one owner, so a copy is read.</summary>
    private NodeStoreState? CopyOfFile()
    {
        var copy = Path.Combine(_folder, "copy", "node.db");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            foreach (var name in Directory.GetFiles(_folder, "node*.db").Select(f => Path.GetFileName(f)))
            {
                File.Copy(Path.Combine(_folder, name), Path.Combine(_folder, "copy", name), overwrite: true);
            }

            var (file, state) = NodeStoreFile.Open(copy);
            file.Dispose();
            return state;
        }
        catch (Exception e) when (e is IOException or NodeStoreDamagedException)
        {
            return null;
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(copy)!, recursive: true);
        }
    }

    private async Task FillAndStop()
    {
        var system = System();
        var directory = new KeyDirectory(TimeProvider.System);
        Start(system, directory);
        _journal.Append([.. Enumerable.Range(1, 5).Select(Created), ReadSide.Created("a"),
            new KeyRingEvents.KeyRevoked(TenantId.Default, Key(4).Id, null, new Principal("ann"), At)]);
        await ReadSide.Until(() => directory.Count == 5 && directory.Authenticate(Key(4).Text) is null);
        await system.Terminate();
    }

    private void Harm(string how)
    {
        switch (how)
        {
            case "missing":
                File.Delete(DbPath);
                break;
            case "garbage":
                File.WriteAllBytes(DbPath, [.. Enumerable.Range(0, 40_000).Select(i => (byte)((i * 31) >> 2))]);
                break;
            case "empty":
                File.WriteAllBytes(DbPath, []);
                break;
            case "a folder":
                File.Delete(DbPath);
                Directory.CreateDirectory(Path.Combine(DbPath, "inside"));
                break;
            case "garbage in the first page" or "garbage in the last page":
                using (var file = File.OpenWrite(DbPath))
                {
                    file.Position = how.Contains("first", StringComparison.Ordinal) ? 0 : file.Length - 8192;
                    file.Write([.. Enumerable.Range(0, 8192).Select(i => (byte)((i * 31) >> 2))]);
                }

                break;
            case "truncated":
                using (var file = File.OpenWrite(DbPath))
                {
                    file.SetLength((file.Length / 2) - 100);
                }

                break;
            case "garbage in the middle":
                using (var file = File.OpenWrite(DbPath))
                {
                    file.Position = 8192;
                    file.Write([.. Enumerable.Range(0, (int)file.Length - 8192).Select(i => (byte)(i * 31))]);
                }

                break;
            case "a key was added by hand":
                using (var database = new LiteDB.LiteDatabase(DbPath))
                {
                    database.GetCollection("keys").Insert(new LiteDB.BsonDocument
                    {
                        ["_id"] = "intruder",
                        ["tenant"] = "default",
                        ["name"] = "x",
                        ["hash"] = Key(9).Hash,
                        ["scopes"] = (int)Scopes.Admin,
                        ["revoked"] = false,
                    });
                }

                break;
            default:
                var (store, state) = NodeStoreFile.Open(DbPath);
                store.Save(state with { Offset = 99_999 }, []);
                store.Dispose();
                break;
        }
    }

    /// <summary>As after <c>kill -9</c>: what was written last is in LiteDB's log, and not in the file.</summary>
    private async Task LeaveLog()
    {
        var (store, state) = NodeStoreFile.Open(DbPath);
        store.Save(state with { Keys = state.Keys.SetItem("stale", state.Keys.Values.First() with { Id = new KeyId("stale") }) }, [state.Keys.Values.First() with { Id = new KeyId("stale") }]);
        var log = Path.Combine(_folder, "node-log.db");

        // LiteDB answers before what was committed is in its log.
        await ReadSide.Until(() => new FileInfo(log) is { Exists: true, Length: > 0 });
        File.Copy(log, log + ".kept");
        store.Dispose();
        File.Move(log + ".kept", log, overwrite: true);
    }

    private void Start(ActorSystem system, KeyDirectory directory) =>
        system.ActorOf(NodeStoreActor.Props(DbPath, _journal, _journal.Pulse, directory, TimeProvider.System), "node-store");

    private static ActorSystem System() => ActorSystem.Create("nodes", ConfigurationFactory.ParseString(
        $"akka.loglevel = INFO\nakka.loggers = []\nakka.stdout-loglevel = OFF\n{NodeStoreActor.Dispatcher}.type = PinnedDispatcher"));

    private sealed class Listener : ReceiveActor
    {
        public Listener(ConcurrentQueue<string> said) => Receive<LogEvent>(e => said.Enqueue(e.Message.ToString()!));
    }

    private static ApiKey Key(int number) => ApiKey.From([.. Enumerable.Range(0, ApiKey.EntropyBytes).Select(i => (byte)(i + (number * 37)))]);

    private static KeyRingEvents.KeyCreated Created(int number) =>
        new(TenantId.Default, Key(number).Id, $"k{number}", Key(number).Hash, Scopes.JobsRead, null, new Principal("ann"), At);
}
