using System.Security.Cryptography;
using System.Text.Json;
using Beep.Contracts;

namespace Beep.LanguageModels.Safetensors;

/// <summary>The weights of a model folder: one <c>model.safetensors</c>, or the shards that its index names.</summary>
internal sealed class ModelWeights : IDisposable
{
    /// <summary>The name of an unsharded file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>The name of the index of a sharded model.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private readonly Dictionary<string, (SafetensorsFile File, TensorInfo Tensor)> _tensors = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> _files = [];

    private ModelWeights(string folder) => Folder = folder;

    /// <summary>The model's folder.</summary>
    public string Folder { get; }

    /// <summary>Every tensor, by name.</summary>
    public IEnumerable<TensorInfo> Tensors => _tensors.Values.Select(entry => entry.Tensor);

    /// <summary>Opens the weights of a folder in Hugging Face layout.</summary>
    /// <exception cref="FaultException">There are none, only pickled ones, or a file is not sound.</exception>
    public static ModelWeights Open(string folder)
    {
        var weights = new ModelWeights(folder);
        try
        {
            foreach (var path in Files(folder))
            {
                var file = SafetensorsFile.Open(path);
                weights._files.Add(file);
                foreach (var (name, tensor) in file.Tensors)
                {
                    if (!weights._tensors.TryAdd(name, (file, tensor)))
                    {
                        throw FaultException.Invalid("duplicate_tensor", $"Tensor '{name}' is in more than one file.", "Download the model again into an empty folder.", path);
                    }
                }
            }

            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The weight files of a folder, sorted by name.</summary>
    public static IReadOnlyList<string> Files(string folder)
    {
        var single = Path.Combine(folder, SingleFile);
        if (File.Exists(single))
        {
            return [single];
        }

        var index = Path.Combine(folder, IndexFile);
        return File.Exists(index) ? Shards(folder, index) : throw Missing(folder);
    }

    /// <summary>SHA-256 over the weight files in order of name, in lower-case hexadecimal.</summary>
    public static string Hash(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        foreach (var path in Files(folder))
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                hash.AppendData(buffer, 0, read);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Finds a tensor; false when the model has none of that name.</summary>
    public bool TryGet(string name, out SafetensorsFile file, out TensorInfo tensor)
    {
        var found = _tensors.TryGetValue(name, out var entry);
        (file, tensor) = entry;
        return found;
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private static List<string> Shards(string folder, string index)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(index));
            var names = document.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(entry => entry.Value.GetString() ?? "").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            foreach (var name in names)
            {
                // An index names files beside it: a path would reach into other folders.
                if (name.Length == 0 || name != Path.GetFileName(name) || !name.EndsWith(".safetensors", StringComparison.Ordinal))
                {
                    throw FaultException.Invalid("bad_index", $"The index names the shard '{name}'.", "A shard is a .safetensors file beside the index; download the model again.", index);
                }
            }

            var missing = names.Where(name => !File.Exists(Path.Combine(folder, name)))
                .Select(name => new Fault("missing_shard", $"The shard '{name}' is not there.", "Download the rest of the model.", index)).ToList();
            return missing.Count > 0
                ? throw new FaultException(WorkerExitCode.Invalid, missing)
                : [.. names.Select(name => Path.Combine(folder, name))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw FaultException.Invalid("bad_index", $"The index cannot be read: {error.Message}", "Download the model again.", index, error);
        }
    }

    private static FaultException Missing(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return FaultException.Invalid("model_not_found", $"There is no model folder '{folder}'.", "Check the path.", folder);
        }

        string[] pickled = [".bin", ".pt", ".pth", ".pkl", ".ckpt"];
        var unsafeFile = Directory.EnumerateFiles(folder).Select(Path.GetFileName).FirstOrDefault(name => pickled.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase));
        return unsafeFile is null
            ? FaultException.Invalid("weights_not_found", $"'{folder}' holds neither {SingleFile} nor {IndexFile}.", "Name a model folder in Hugging Face layout.", folder)
            : FaultException.Invalid("pickled_weights", $"'{folder}' holds pickled weights ('{unsafeFile}') and no safetensors.", "Loading pickles runs code: download the safetensors version of the model or convert it.", folder);
    }
}
