using Beep.Contracts;

namespace Beep.Host.Hosting;

/// <summary>The model and data that ship with the product: beside the program, or at the root of a checkout.</summary>
internal sealed record ShippedFiles(string Root)
{
    private const int MaxLevels = 6;

    /// <summary>The tiny base model.</summary>
    public string Model => Path.Combine(Root, "models", "beep-tiny");

    /// <summary>The quickstart's training rows.</summary>
    public string Data => Path.Combine(Root, "datasets", "what-is-it.jsonl");

    /// <summary>Its held-out rows.</summary>
    public string Validation => Path.Combine(Root, "datasets", "what-is-it.validation.jsonl");

    /// <summary>Whether all of them are there.</summary>
    public bool AreComplete => File.Exists(Path.Combine(Model, "model.safetensors")) && File.Exists(Data) && File.Exists(Validation);

    /// <summary>Searches <paramref name="start"/> and the folders above it.</summary>
    public static ShippedFiles? Find(string start)
    {
        var folder = new DirectoryInfo(start);
        for (var level = 0; folder is not null && level < MaxLevels; level++, folder = folder.Parent)
        {
            var files = new ShippedFiles(folder.FullName);
            if (files.AreComplete)
            {
                return files;
            }
        }

        return null;
    }

    /// <summary>As <see cref="Find"/>, for a command that cannot do without.</summary>
    /// <exception cref="FaultException">They are missing.</exception>
    public static ShippedFiles Require(string start) =>
        Find(start) ?? throw FaultException.Failed("not_shipped", "The model 'models/beep-tiny' and its data 'datasets/what-is-it.jsonl' are not beside the program.", "Clone or unpack the product again, whole.", start);
}
