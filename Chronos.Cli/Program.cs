using Chronos.Cli;

return await ChronosCtl.RunAsync(args, Surroundings.OfProcess(), CancellationToken.None);
