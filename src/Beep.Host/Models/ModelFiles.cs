using System.Security.Cryptography;
using System.Text;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.LanguageModels.Safetensors;

namespace Beep.Host.Models;

/// <summary>Which files make a model, and what is never taken: nothing that runs code when it is loaded.</summary>
internal static class ModelFiles
{
    public const string AdapterConfig = "adapter_config.json";
    public const string AdapterWeights = "adapter_model.safetensors";

    private const int BufferBytes = 1 << 20;

    /// <summary>Weights that are pickles: reading one runs what its maker put in.</summary>
    private static readonly string[] Pickled = [".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".msgpack"];

    private static readonly string[] Taken = [".safetensors", ".json", ".jinja", ".model", ".txt", ".tiktoken", ".md"];

    private static readonly string[] Papers = ["LICENSE", "LICENCE", "NOTICE", "COPYING", "USE_POLICY"];

    /// <summary>Whether a file of this name, in the model's folder itself, belongs to a model. Whoever asks has seen that it is no path.</summary>
    public static bool IsTaken(string name) =>
        !name.StartsWith('.') && (Taken.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase)
            || Papers.Any(paper => name.StartsWith(paper, StringComparison.OrdinalIgnoreCase) && Path.GetExtension(name).Length <= 4));

    public static bool IsPickled(string name) => Pickled.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);

    /// <summary>The files of a model's folder that belong to it, in the order of their names. A link counts as what it leads to.</summary>
    public static IReadOnlyList<FileInfo> In(string folder) =>
        [.. new DirectoryInfo(folder).EnumerateFiles().Where(file => IsTaken(file.Name)).OrderBy(file => file.Name, StringComparer.Ordinal)];

    /// <summary>Refuses what holds its weights in pickles.</summary>
    /// <param name="folder">The model's.</param>
    /// <param name="isKept">Whether it stays as it is, with all that lies in it; a copy leaves the rest out.</param>
    /// <exception cref="HttpFaultException">415.</exception>
    public static void RefusePickles(string folder, bool isKept)
    {
        var names = new DirectoryInfo(folder).EnumerateFiles().Select(file => file.Name).Order(StringComparer.Ordinal).ToList();
        var hasSafe = names.Exists(name => Path.GetExtension(name).Equals(".safetensors", StringComparison.OrdinalIgnoreCase));
        if (names.Find(IsPickled) is { } pickle && (isKept || !hasSafe))
        {
            throw new HttpFaultException(StatusCodes.Status415UnsupportedMediaType, new Fault(
                "pickled_weights",
                $"'{pickle}' is a pickle: loading it would run what its maker put in.",
                hasSafe ? "Remove it from the folder, or import a copy, which leaves it out." : "Take the safetensors version of the model, or convert it on a machine that you do not mind.",
                "folder"));
        }
    }

    /// <summary>
    /// SHA-256 over the lines that <c>sha256sum</c> prints for the files in the order of their names, so that anybody can compute it; and their size together.
    /// </summary>
    public static async Task<(string Sha256, long Bytes)> HashAsync(string folder, Action<long>? read, CancellationToken cancellationToken)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var bytes = 0L;
        foreach (var file in In(folder))
        {
            var hash = await HashFileAsync(file.FullName, read, cancellationToken);
            all.AppendData(Encoding.UTF8.GetBytes($"{hash}  {file.Name}\n"));
            bytes += LengthOf(file);
        }

        return (Convert.ToHexStringLower(all.GetHashAndReset()), bytes);
    }

    /// <summary>Copies a model's files into a new private folder and flushes them.</summary>
    public static async Task CopyAsync(string from, string to, Action<long>? copied, CancellationToken cancellationToken)
    {
        PrivateFiles.CreateFolder(to);
        var buffer = new byte[BufferBytes];
        foreach (var file in In(from))
        {
            await using var source = OpenRead(file.FullName);
            await using var target = PrivateFiles.Open(Path.Combine(to, file.Name), FileMode.CreateNew, FileShare.None);
            int count;
            while ((count = await source.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await target.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                copied?.Invoke(count);
            }

            target.Flush(flushToDisk: true);
        }
    }

    /// <summary>How much a model's files hold together.</summary>
    public static long BytesIn(string folder) => In(folder).Sum(LengthOf);

    /// <summary>The weight files of a model or an adapter.</summary>
    /// <exception cref="FaultException">There are none, or not all.</exception>
    public static IReadOnlyList<string> WeightsOf(string folder, bool isAdapter) => isAdapter ? [Path.Combine(folder, AdapterWeights)] : ModelWeights.Files(folder);

    private static async Task<string> HashFileAsync(string path, Action<long>? read, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var stream = OpenRead(path);
        var buffer = new byte[BufferBytes];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            hash.AppendData(buffer, 0, count);
            read?.Invoke(count);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of what a link leads to, where it is one.</summary>
    public static long LengthOf(FileInfo file) => (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file).Length;

    private static FileStream OpenRead(string path) =>
        new(path, new FileStreamOptions { Share = FileShare.Read, BufferSize = 0, Options = FileOptions.SequentialScan | FileOptions.Asynchronous });
}
