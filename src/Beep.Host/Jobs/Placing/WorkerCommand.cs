using System.Globalization;
using Beep.Host.Environments;

namespace Beep.Host.Jobs.Placing;

/// <summary>How the worker of one job is started, wherever that is.</summary>
/// <param name="FileName">The program, by its absolute path.</param>
/// <param name="Arguments">All of them, as the program gets them.</param>
internal sealed record WorkerCommand(string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>Added to what <see cref="Hosting.Processes.WorkerEnvironment"/> lets through.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>How many of the first arguments belong to the interpreter that can start a Python module many times; null where the worker is one process.</summary>
    public int? InterpreterArguments { get; init; }

    /// <summary>The container in which it runs; null for none, or for an engine whose containers end with it.</summary>
    public WorkerContainer? Container { get; init; }

    /// <summary>The same worker as several processes of one machine that train together; one that is one process stays it.</summary>
    public WorkerCommand Several(int processes) => InterpreterArguments is null ? this : this with { Arguments = [.. Arguments, string.Create(CultureInfo.InvariantCulture, $"--processes={processes}")] };

    /// <summary>The same worker as several processes that train together, started by PyTorch's <c>torchrun</c>, whatever it was built with.</summary>
    /// <param name="options">Of torchrun: how many, and where they meet.</param>
    /// <exception cref="InvalidOperationException">The worker is one process.</exception>
    public WorkerCommand Distributed(params IReadOnlyList<string> options) => InterpreterArguments is { } own
        ? this with { Arguments = [.. Arguments.Take(own), "-m", PythonWorker.Launcher, .. options, .. Arguments.Skip(own)] }
        : throw new InvalidOperationException($"'{FileName}' is one process.");
}

/// <summary>A container, which an engine may keep when its own process is ended.</summary>
/// <param name="Engine">The engine's program.</param>
/// <param name="Name">What the container is called.</param>
internal sealed record WorkerContainer(string Engine, string Name);
