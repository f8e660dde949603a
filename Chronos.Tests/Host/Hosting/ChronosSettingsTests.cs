using System.Collections;
using Chronos.Actors.Journal;
using Chronos.Host.Hosting;
using Xunit;

namespace Chronos.Tests.Host.Hosting;

public sealed class ChronosSettingsTests
{
    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """{"Logging":{"x":1},"Chronos":{"http_url":"http://127.0.0.1:1","node_name":"file","cluster_port":"7"}}""");
        var settings = Read(["serve", "--http-url=http://127.0.0.1:3"], [file], ("CHRONOS_HTTP_URL", "http://127.0.0.1:2"), ("CHRONOS_NODE_NAME", "env"));
        File.Delete(file);
        Assert.Equal((3, "env", 7), (settings.HttpUrl.Port, settings.NodeName, settings.ClusterPort));
    }

    [Theory]
    [InlineData("CHRONOS_DURABILTY", "full")]
    [InlineData("CHRONOS_DURABILITY", "mostly")]
    [InlineData("CHRONOS_STORE", "oracle")]
    [InlineData("CHRONOS_STORE", "postgres")]
    [InlineData("CHRONOS_POSTGRES", "postgres://chronos@db")]
    [InlineData("CHRONOS_POSTGRES", "Host=db")]
    [InlineData("CHRONOS_POSTGRES", "Host=db;Database=chronos;Port=many")]
    [InlineData("CHRONOS_POSTGRES_FILE", "/nowhere/at/all")]
    [InlineData("CHRONOS_HTTP_URL", "127.0.0.1:80")]
    [InlineData("CHRONOS_HTTP_URL", "https://127.0.0.1")]
    [InlineData("CHRONOS_HTTP_URL", "ftp://127.0.0.1")]
    [InlineData("CHRONOS_TLS_CERTIFICATE", "/nowhere/at/all")]
    [InlineData("CHRONOS_CLUSTER_TLS_KEY", "/nowhere/at/all")]
    [InlineData("CHRONOS_CLUSTER_PORT", "65536")]
    [InlineData("CHRONOS_CLUSTER_SEEDS", "host")]
    [InlineData("CHRONOS_CLUSTER_SEEDS", "host:0")]
    [InlineData("CHRONOS_CLUSTER_SEEDS", "akka.tcp://chronos@host:4053")]
    [InlineData("CHRONOS_CLUSTER_HOST", "0.0.0.0")]
    [InlineData("CHRONOS_CLUSTER_HOST", "a host")]
    [InlineData("CHRONOS_CLUSTER_ROLES", "scheduler,worker")]
    [InlineData("CHRONOS_CLUSTER_ROLES", "scheduler")]
    [InlineData("CHRONOS_CLUSTER_ROLES", "api")]
    [InlineData("CHRONOS_CLUSTER_PROFILE", "fast")]
    [InlineData("CHRONOS_STOP_DELAY", "16s")]
    [InlineData("CHRONOS_STOP_DELAY", "a moment")]
    [InlineData("CHRONOS_ADMIN_KEY", "short")]
    [InlineData("CHRONOS_ADMIN_KEY_FILE", "/nowhere/at/all")]
    [InlineData("CHRONOS_ALLOW_PRIVATE_TARGETS", "perhaps")]
    [InlineData("CHRONOS_OTLP_ENDPOINT", "here")]
    [InlineData("CHRONOS_LOG_LEVEL", "loud")]
    [InlineData("CHRONOS_TZDB", "/nowhere/at/all")]
    [InlineData("CHRONOS_TZDB", "/dev")]
    [InlineData("CHRONOS_TZDB", "")]
    public void A_wrong_or_unknown_key_stops_with_its_name(string key, string value) =>
        Assert.StartsWith(
            value == "postgres" ? "CHRONOS_POSTGRES" : key, Assert.Throws<WrongUsageException>(() => Read(["serve"], [], (key, value))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("Host=db;Database=chronos;Password=pass;w0rd-in-two-parts")]
    [InlineData("Host=db;Password=w0rd-in-two-parts")]
    [InlineData("Host=db;Database=chronos;Pasword=w0rd-in-two-parts")]
    public void What_is_wrong_with_a_connection_string_is_said_without_repeating_it(string text)
    {
        var message = Assert.Throws<WrongUsageException>(() => Read(["serve"], [], ("CHRONOS_STORE", "postgres"), ("CHRONOS_POSTGRES", text))).Message;
        Assert.StartsWith("CHRONOS_POSTGRES:", message, StringComparison.Ordinal);
        Assert.DoesNotContain("w0rd", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_connection_string_may_be_in_a_file_and_the_settings_never_show_it()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "Host=db;Port=6000;Database=chronos;Username=u;Password=w0rd\n");
        var settings = Read(["serve"], [], ("CHRONOS_STORE", "postgres"), ("CHRONOS_POSTGRES_FILE", file));
        File.Delete(file);
        Assert.Equal("db:6000/chronos", settings.Postgres!.ToString());
        Assert.DoesNotContain("w0rd", settings.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_of_a_cluster_needs_a_port_that_the_others_know()
    {
        (string, string)[] cluster = [("CHRONOS_STORE", "postgres"), ("CHRONOS_POSTGRES", "Host=db;Database=chronos"), ("CHRONOS_CLUSTER_SEEDS", "one:4053,10.0.0.2:4053"), ("CHRONOS_CLUSTER_ROLES", "api")];

        Assert.StartsWith("CHRONOS_CLUSTER_PORT:", Assert.Throws<WrongUsageException>(() => Read(["serve"], [], cluster)).Message, StringComparison.Ordinal);
        Assert.Equal(["one:4053", "10.0.0.2:4053"], Read(["serve"], [], [.. cluster, ("CHRONOS_CLUSTER_PORT", "4053")]).ClusterSeeds);
    }

    [Theory]
    [InlineData("CHRONOS_CLUSTER_SEEDS", "one:4053,two:4053")]
    [InlineData("CHRONOS_POSTGRES", "Host=db;Database=chronos")]
    public void What_needs_PostgreSQL_is_refused_on_SQLite_with_the_name_of_the_store(string key, string value) =>
        Assert.StartsWith("CHRONOS_STORE:", Assert.Throws<WrongUsageException>(() => Read(["serve"], [], (key, value))).Message, StringComparison.Ordinal);

    [Fact]
    public void How_much_of_the_past_is_kept_can_be_set()
    {
        var settings = Read(["serve"], [], ("CHRONOS_RETENTION_AGE", "72h"), ("CHRONOS_RETENTION_EXECUTIONS", "50000"), ("CHRONOS_RETENTION_BATCHES", "2000"), ("CHRONOS_DEAD_LETTER_AGE", "P2D"));
        Assert.Equal(TimeSpan.FromDays(2), settings.DeadLetterAge);
        Assert.Equal(new Retention(TimeSpan.FromDays(3), 50_000, 2_000), settings.Retention);
    }

    [Theory]
    [InlineData("CHRONOS_DEAD_LETTER_AGE", "5m")]
    [InlineData("CHRONOS_RETENTION_AGE", "5m")]
    [InlineData("CHRONOS_RETENTION_AGE", "soon")]
    [InlineData("CHRONOS_RETENTION_EXECUTIONS", "-1")]
    [InlineData("CHRONOS_RETENTION_BATCHES", "10")]
    public void A_wrong_bound_of_the_past_is_refused_with_its_key(string key, string value) =>
        Assert.StartsWith(key + ":", Assert.Throws<WrongUsageException>(() => Read(["serve"], [], (key, value))).Message, StringComparison.Ordinal);

    [Fact]
    public void Keys_of_the_command_line_client_and_secrets_are_left_alone() =>
        Assert.Equal("x", Read(["serve"], [], ("CHRONOS_SERVER", "http://x"), ("CHRONOS_API_KEY", "k"), ("CHRONOS_API_KEY_FILE", "f"), ("CHRONOS_SECRET_TOKEN", "t"), ("CHRONOS_NODE_NAME", "x")).NodeName);

    [Theory]
    [InlineData("http://0.0.0.0:8080")]
    [InlineData("http://*:8080")]
    [InlineData("http://192.0.2.1:8080")]
    public void Beyond_loopback_a_node_listens_only_with_a_key(string url)
    {
        Assert.StartsWith("CHRONOS_ADMIN_KEY:", Assert.Throws<WrongUsageException>(() => Read(["serve"], [], ("CHRONOS_HTTP_URL", url))).Message, StringComparison.Ordinal);
        Assert.False(Read(["serve"], [], ("CHRONOS_HTTP_URL", url), ("CHRONOS_ADMIN_KEY", new string('k', 24))).ListensOnLoopback);
        Assert.StartsWith("CHRONOS_HTTP_URL:", Assert.Throws<WrongUsageException>(() => Read(["dev"], [], ("CHRONOS_HTTP_URL", url))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dev_mode_takes_port_data_and_no_demo()
    {
        var settings = Read(["dev", "--port", "0", "--data=/tmp/x", "--no-demo", "--durability", "relaxed"], []);
        Assert.Equal((HostMode.Dev, 0, "/tmp/x", false, true, Durability.Relaxed),
            (settings.Mode, settings.HttpUrl.Port, settings.Data, settings.Demo, settings.AllowPrivateTargets, settings.Durability));
    }

    [Theory]
    [InlineData]
    [InlineData("start")]
    [InlineData("dev", "more")]
    [InlineData("dev", "--prot", "1")]
    [InlineData("dev", "--port")]
    [InlineData("dev", "--port", "http")]
    [InlineData("serve", "--no-demo")]
    public void A_command_line_that_is_not_understood_is_refused(params string[] args) =>
        Assert.Throws<WrongUsageException>(() => Read(args, []));

    private static ChronosSettings Read(string[] args, string[] files, params (string Key, string Value)[] environment) =>
        ChronosSettingsReader.Read(CommandLine.Parse(args), new Hashtable(environment.ToDictionary(e => e.Key, e => e.Value)), files);
}
