using Chronos.Host.Hosting;
using Chronos.Tests.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Host.Hosting;

public sealed class DataFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_second_node_on_one_folder_is_refused_until_the_first_has_ended()
    {
        using (DataFolder.Claim(_folder.Location))
        {
            var refused = Assert.Throws<IOException>(() => DataFolder.Claim(_folder.Location));
            Assert.Equal($"CHRONOS_DATA: another node is running on {_folder.Location}", refused.Message);
        }

        using var next = DataFolder.Claim(_folder.Location);
    }

    [Fact]
    public void A_folder_that_cannot_be_used_is_named_with_its_setting()
    {
        var file = Path.Combine(_folder.Location, "file");
        File.WriteAllText(file, "");
        var refused = Assert.Throws<IOException>(() => DataFolder.Claim(Path.Combine(file, "below")));
        Assert.StartsWith($"CHRONOS_DATA: {file}/below cannot be used: ", refused.Message, StringComparison.Ordinal);
    }
}
