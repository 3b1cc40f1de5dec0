using Beep.Host.Jobs;

namespace Beep.Host.Cli.Serving;

/// <summary>How a server is wanted to run, beyond its settings.</summary>
internal sealed record ServeRequest
{
    /// <summary>Whether log lines are JSON objects.</summary>
    public bool LogsJson { get; init; }

    /// <summary>What is worth a line in the log.</summary>
    public LogLevel LeastLevel { get; init; } = LogLevel.Information;

    /// <summary>Where the worker program is.</summary>
    public Func<TrainerProgram> Trainer { get; init; } = () => TrainerProgram.Locate(AppContext.BaseDirectory);

    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>More services, for a program that embeds the server: its own task handlers.</summary>
    public Action<IServiceCollection>? Configure { get; init; }
}
