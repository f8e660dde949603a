using Chronos.Host.Admin;
using Serilog;

namespace Chronos.Host.Hosting;

/// <summary>Makes a node from its settings; it does not run yet.</summary>
public static class ChronosApplication
{
    /// <summary>One request's body; an apply of many documents may be larger.</summary>
    private const long MaxBody = 1L << 20;

    /// <summary>Requests, running attempts and the hand-over of the cluster share this.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    /// <param name="time">The node's clock; the system's when absent.</param>
    public static WebApplication Build(ChronosSettings settings, TimeProvider? time = null) => Build(settings, time ?? TimeProvider.System, static _ => { });

    /// <param name="change">What a measurement puts in the place of a part of the node.</param>
    internal static WebApplication Build(ChronosSettings settings, TimeProvider time, Action<IServiceCollection> change)
    {
        Directory.CreateDirectory(settings.Data);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = Environments.Production });

        // Settings come from ChronosSettings alone; nothing may slip in from the framework's own variables.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection();
        var certificates = NodeCertificates.Open(settings, time);
        builder.Services.AddSingleton(certificates);
        var tap = new LogTap(settings.LogLevel);
        builder.Services.AddSingleton(tap).AddSerilog(Logs.Create(settings, tap), dispose: true);
        builder.WebHost.UseUrls(settings.HttpUrl.GetLeftPart(UriPartial.Authority));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
            if (certificates.Api is { } api)
            {
                kestrel.UseCertificates(api);
            }
        });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = StopPatience);
        builder.Services.AddChronos(settings, time);
        change(builder.Services);
        var app = builder.Build();
        app.MapChronos(settings);
        return app;
    }
}
