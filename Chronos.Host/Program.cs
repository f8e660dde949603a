using Chronos.Host.Hosting;

// The map: a command line becomes settings, settings become a node, the node runs until it is told to stop.
ChronosSettings settings;
try
{
    settings = ChronosSettingsReader.Read(
        CommandLine.Parse(args), Environment.GetEnvironmentVariables(),
        [Path.Combine(AppContext.BaseDirectory, "appsettings.json"), Path.GetFullPath("appsettings.json")]);
}
catch (WrongUsageException wrong)
{
    Console.Error.WriteLine($"chronos: {wrong.Message}");
    Console.Error.WriteLine(CommandLine.Usage);
    return 2;
}

return await ChronosProcess.Run(settings);
