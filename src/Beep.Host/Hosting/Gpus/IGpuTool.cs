namespace Beep.Host.Hosting.Gpus;

/// <summary>The program of a maker of GPUs that tells of them.</summary>
internal interface IGpuTool
{
    /// <summary>What it is called on the PATH.</summary>
    string Program { get; }

    IReadOnlyList<string> Arguments { get; }

    /// <summary>Reads what the program printed; what cannot be read is left out.</summary>
    IReadOnlyList<GpuReading> Parse(string output);
}
