using Akka.Configuration;
using Akka.Hosting;

namespace Chronos.Actors.Journal;

/// <summary>The one reader of <c>hocon/chronos.conf</c>: what typed options cannot say.</summary>
public static class HoconFile
{
    /// <summary>Where the file lies beside the program.</summary>
    public static string Location => Path.Combine(AppContext.BaseDirectory, "hocon", "chronos.conf");

    /// <summary>Adds the file. Call it before every typed option, so that those win; options that come too early lose against the file.</summary>
    public static AkkaConfigurationBuilder WithChronosHocon(this AkkaConfigurationBuilder builder) =>
        builder.AddHocon(ConfigurationFactory.ParseString(File.ReadAllText(Location)), HoconAddMode.Prepend);
}
