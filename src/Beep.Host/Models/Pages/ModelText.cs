using System.Globalization;

namespace Beep.Host.Models.Pages;

/// <summary>Models in words.</summary>
internal static class ModelText
{
    /// <summary>How often a page looks how far a model is.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public static string State(ModelView model) => model.State switch
    {
        ModelState.Preparing => "being prepared",
        ModelState.Ready => "ready",
        ModelState.Failed => "not whole",
    };

    public static string Badge(ModelView model) => model.State switch
    {
        ModelState.Preparing => "busy",
        ModelState.Ready => "good",
        ModelState.Failed => "bad",
    };

    /// <summary>5.5 M.</summary>
    public static string Parameters(ModelView model) => model.Parameters is { } count ? Short(count) : "—";

    public static string Short(long count) => count switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e9:0.##} B"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:0.#} M"),
        >= 1_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e3:0.#} k"),
        _ => count.ToString(CultureInfo.InvariantCulture),
    };

    public static string Origin(ModelView model) => model.Origin switch
    {
        ModelOrigin.Shipped => "came with the program",
        ModelOrigin.Imported => "imported from a folder",
        ModelOrigin.Downloaded => "downloaded from the hub",
        ModelOrigin.Trained => "trained here",
    };
}
