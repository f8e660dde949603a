using System.Net;
using System.Text;
using Chronos.Actors.Dispatching.Http;
using Chronos.Actors.Dispatching.Secrets;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

public sealed class SecretTests : IDisposable
{
    private const string Value = "p@ss/w+rd \"é\"";
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("chronos-secrets-");

    public void Dispose() => _data.Delete(recursive: true);

    [Fact]
    public void Every_form_of_a_secret_is_masked()
    {
        var mask = new SecretMask([Value]);
        var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(Value));
        foreach (var form in new[] { Value, base64, base64.TrimEnd('='), Uri.EscapeDataString(Value), WebUtility.UrlEncode(Value), WebUtility.HtmlEncode(Value) })
        {
            Assert.Equal("a *** b", mask.Apply($"a {form} b"));
            Assert.DoesNotContain(form, Encoding.UTF8.GetString(mask.Apply(Encoding.UTF8.GetBytes($"a {form} b"))), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_secret_is_read_from_its_file_without_its_last_line_break()
    {
        Write("token", "value\n\n");
        Write("acme/token", "of acme\r\n");
        var source = new FileSecretSource(_data.FullName);

        Assert.Equal("value\n", source.Find(TenantId.Default, "token"));
        Assert.Equal("of acme", source.Find(new TenantId("acme"), "token"));
        Assert.Null(source.Find(new TenantId("other"), "token"));
    }

    [Fact]
    public void A_secret_of_the_environment_is_found_for_the_default_tenant_alone()
    {
        Environment.SetEnvironmentVariable("CHRONOS_SECRET_MY_TOKEN_1", "from env");
        var source = new FileSecretSource(_data.FullName);

        Assert.Equal("from env", source.Find(TenantId.Default, "my-token.1"));
        Assert.Null(source.Find(new TenantId("acme"), "my-token.1"));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("/etc/hostname")]
    [InlineData("")]
    [InlineData("a\n")]
    public void A_name_cannot_leave_the_folder(string name)
    {
        File.WriteAllText(Path.Combine(_data.FullName, "outside"), "no");
        Write("a/b", "no");
        var source = new FileSecretSource(_data.FullName);

        Assert.Null(source.Find(TenantId.Default, name));
        Assert.Null(source.Find(new TenantId(name), "outside"));
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_data.FullName, "secrets", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
