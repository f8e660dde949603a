using Chronos.Actors.NodeStore;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Projections;
using Xunit;

namespace Chronos.Tests.Actors.NodeStore;

public sealed class OutputStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chronos-outputs-").FullName;
    private readonly MemoryLog _log = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_saved_is_found_at_once_and_after_a_restart()
    {
        using (var store = Open())
        {
            store.Save(TenantId.Default, Execution(1), 2, Output(10));
            Assert.Equal(10, store.Find(TenantId.Default, Execution(1), 2)!.Bytes.Length);
            Assert.Null(store.Find(TenantId.Default, Execution(1), 1));
            Assert.Null(store.Find(new TenantId("other"), Execution(1), 2));
        }

        using var again = Open();
        var found = again.Find(TenantId.Default, Execution(1), 2)!;
        Assert.Equal(("text/plain", 10), (found.ContentType, found.Bytes.Length));
    }

    [Fact]
    public void The_oldest_go_when_there_is_too_much()
    {
        var now = TimeProvider.System.GetUtcNow();
        using (var store = Open(new OutputRetention(TimeSpan.FromDays(1), 10_000)))
        {
            for (var i = 0; i < 20; i++)
            {
                store.Save(TenantId.Default, Execution(i), 1, Output(1_000) with { At = now.AddSeconds(i - 100) });
            }
        }

        using var again = Open(new OutputRetention(TimeSpan.FromDays(1), 10_000));
        Assert.Equal(Enumerable.Range(10, 10), Enumerable.Range(0, 20).Where(i => again.Find(TenantId.Default, Execution(i), 1) is not null));
    }

    [Fact]
    public void What_is_too_old_goes_with_the_next_write()
    {
        using (var store = Open())
        {
            store.Save(TenantId.Default, Execution(1), 1, Output(10) with { At = TimeProvider.System.GetUtcNow().AddDays(-8) });
            store.Save(TenantId.Default, Execution(2), 1, Output(10));
        }

        using var again = Open();
        Assert.Null(again.Find(TenantId.Default, Execution(1), 1));
        Assert.NotNull(again.Find(TenantId.Default, Execution(2), 1));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(1.0)]
    public void A_damaged_file_is_moved_aside_and_begun_anew(double kept)
    {
        using (var store = Open())
        {
            for (var i = 0; i < 20; i++)
            {
                store.Save(TenantId.Default, Execution(i), 1, Output(10_000));
            }
        }

        var path = Path.Combine(_folder, "outputs.db");
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, kept == 1.0 ? [.. bytes.Select(b => (byte)(b ^ 0x5a))] : bytes[..(int)(bytes.Length * kept)]);
        using (var store = Open())
        {
            store.Save(TenantId.Default, Execution(99), 1, Output(7));
        }

        using var again = Open();
        Assert.Equal(7, again.Find(TenantId.Default, Execution(99), 1)!.Bytes.Length);
        Assert.Equal(kept > 0, _log.Has("is damaged"));
    }

    private OutputStore Open(OutputRetention? retention = null) =>
        new(Path.Combine(_folder, "outputs.db"), retention ?? OutputRetention.Default, TimeProvider.System, _log.For<OutputStore>());

    private static ExecutionId Execution(int number) => ExecutionId.ForSlot(ReadSide.Id("a"), ReadSide.T0.AddSeconds(number));

    private static StoredOutput Output(int size) => new("text/plain", new byte[size], TimeProvider.System.GetUtcNow());
}
