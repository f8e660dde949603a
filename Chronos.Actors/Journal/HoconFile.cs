using Akka.Configuration;
using Akka.Hosting;
using Chronos.Actors.Kernel;

namespace Chronos.Actors.Journal;

/// <summary>The one reader of the folder <c>hocon</c>: what typed options cannot say.</summary>
public static class HoconFile
{
    /// <summary>Where the files lie beside the program.</summary>
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "hocon");

    /// <summary>Adds the file. Call it before every typed option, so that those win; options that come too early lose against the file.</summary>
    public static AkkaConfigurationBuilder WithChronosHocon(this AkkaConfigurationBuilder builder) => builder.With("chronos.conf");

    /// <summary>Adds how fast a cluster of several nodes notices a lost one. After <see cref="WithChronosHocon"/>, before every typed option.</summary>
    public static AkkaConfigurationBuilder WithClusterProfile(this AkkaConfigurationBuilder builder, ClusterProfile profile, ClusterArbiter arbiter)
    {
        builder.With(profile == ClusterProfile.Lan ? "cluster-lan.conf" : "cluster-wide.conf");
        return arbiter == ClusterArbiter.Lease ? builder.With("cluster-lease.conf") : builder;
    }

    private static AkkaConfigurationBuilder With(this AkkaConfigurationBuilder builder, string file) =>
        builder.AddHocon(ConfigurationFactory.ParseString(File.ReadAllText(Path.Combine(Folder, file))), HoconAddMode.Prepend);
}
