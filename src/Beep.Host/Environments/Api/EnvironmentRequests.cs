using System.Text.Json.Serialization;

namespace Beep.Host.Environments.Api;

/// <summary>An environment that is to be made here.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record CreateEnvironmentRequest
{
    public required string Name { get; init; }

    /// <summary>Of which packages: <c>transformers-cpu</c>.</summary>
    public required string Preset { get; init; }

    /// <summary>The id or path of the runtime that it is made from; left out, the newest that fits.</summary>
    public string? Runtime { get; init; }

    /// <summary>Where packages come from; left out, what PYTHON_INDEX says. Another address needs system:admin.</summary>
    public string? Index { get; init; }

    /// <summary>A second index, for what the first has not.</summary>
    public string? ExtraIndex { get; init; }

    /// <summary>A folder of wheels on the server; then no network is used.</summary>
    public string? Wheelhouse { get; init; }

    /// <summary>A lock file: exactly these packages, each with the SHA-256 of its wheel.</summary>
    public string? Lock { get; init; }
}

/// <summary>Somebody else's interpreter that jobs may use.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RegisterEnvironmentRequest
{
    public required string Name { get; init; }

    /// <summary>The id of a runtime that was found, or the whole path of an interpreter; a path that was not found needs system:admin.</summary>
    public required string Python { get; init; }
}
