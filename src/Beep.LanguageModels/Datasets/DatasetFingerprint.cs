using System.Security.Cryptography;
using System.Text;
using Beep.Contracts;
using Beep.LanguageModels.Datasets.Tokens;

namespace Beep.LanguageModels.Datasets;

/// <summary>Everything that token ids depend on, in one SHA-256: two files of equal key hold the same tokens.</summary>
internal static class DatasetFingerprint
{
    /// <summary>The files of a model folder that say how text becomes tokens.</summary>
    private static readonly string[] TokenizerFiles =
    [
        "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "chat_template.json",
        "special_tokens_map.json", "added_tokens.json", "config.json", "generation_config.json",
    ];

    /// <summary>The key of a file under a spec. This very build of the program is part of it, because its code is.</summary>
    public static byte[] Compute(JobSpec spec, string file, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, typeof(TokenStore).Module.ModuleVersionId.ToString());
        var data = spec.Data;
        Add(hash, $"{spec.Task} {data.Format} {data.MaxLength} {data.Overlong} {data.Untrainable} {data.CompletionOnlyLoss}");
        Add(hash, Path.GetExtension(file));
        Add(hash, data.ChatTemplate ?? "");
        var columns = data.Columns ?? new Dictionary<string, string>();
        foreach (var (name, column) in columns.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Add(hash, name);
            Add(hash, column);
        }

        foreach (var name in TokenizerFiles)
        {
            var path = Path.Combine(spec.Model.Path, name);
            Add(hash, name);
            Add(hash, File.Exists(path) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))) : "");
        }

        AddFile(hash, file, cancellation);
        return hash.GetHashAndReset();
    }

    private static void Add(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        hash.AppendData(BitConverter.GetBytes(bytes.Length));
        hash.AppendData(bytes);
    }

    private static void AddFile(IncrementalHash hash, string file, CancellationToken cancellation)
    {
        using var stream = DatasetFile.OpenStream(file);
        var buffer = new byte[1 << 20];
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
        }
    }
}
