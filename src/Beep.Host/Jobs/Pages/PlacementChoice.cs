using Beep.Contracts;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Pages;

/// <summary>What trains a job that is being made, and where.</summary>
public sealed record PlacementChoice
{
    /// <summary>The shipped trainer on this machine.</summary>
    public static readonly PlacementChoice Default = new(SpecWriter.WireName(Contracts.Backend.Torchsharp), Placement.Default);

    internal PlacementChoice(string backend, Placement placement) => (Backend, Placement) = (backend, placement);

    /// <summary>As the spec has it.</summary>
    public string Backend { get; internal init; }

    internal Placement Placement { get; init; }
}
