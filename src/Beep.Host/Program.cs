using Beep.Host.Cli;

return await BeepCommand.RunAsync(args, new HostServices { Terminal = Terminal.FromSystem() }, CancellationToken.None).ConfigureAwait(false);
