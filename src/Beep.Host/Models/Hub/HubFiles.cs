using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.LanguageModels.Safetensors;

namespace Beep.Host.Models.Hub;

/// <summary>Chooses what to bring of a repository: its configuration, its tokenizer, its papers, and one set of safetensors.</summary>
internal static partial class HubFiles
{
    private static readonly HashSet<string> Wanted = new(StringComparer.Ordinal)
    {
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "vocab.txt", "merges.txt", "chat_template.jinja", "chat_template.json", "README.md", "USE_POLICY.md",
        ModelWeights.IndexFile, ModelFiles.AdapterConfig,
    };

    /// <exception cref="HttpFaultException">415: its weights are pickles only. 422: it has none.</exception>
    public static HubPlan Choose(HubRepository repository)
    {
        var named = repository.Files.Where(file => Safe().IsMatch(file.Name)).ToList();
        var weights = Weights(repository, named);
        if (weights.Count == 0)
        {
            throw named.Find(file => ModelFiles.IsPickled(file.Name)) is { } pickle
                ? new HttpFaultException(StatusCodes.Status415UnsupportedMediaType, new Fault(
                    "pickled_weights", $"'{repository.Name}' has its weights in pickles ('{pickle.Name}') and no safetensors: loading them would run what their maker put in.", "Choose a repository that has safetensors.", "repository"))
                : HttpFaultException.Invalid("weights_not_found", $"'{repository.Name}' has no weights in safetensors.", "Choose a repository with model.safetensors, its shards, or adapter_model.safetensors.", "repository");
        }

        // What decides whether the rest is wanted comes first.
        return new HubPlan(repository.Name, repository.Commit, [.. named.Where(file => IsWanted(file.Name)).OrderBy(file => file.Bytes), .. weights]);
    }

    public static bool IsWeights(HubFile file) => file.Name.EndsWith(".safetensors", StringComparison.Ordinal);

    private static List<HubFile> Weights(HubRepository repository, List<HubFile> named)
    {
        if (repository.IsAdapter)
        {
            return named.FindAll(file => file.Name == ModelFiles.AdapterWeights);
        }

        var single = named.FindAll(file => file.Name == ModelWeights.SingleFile);
        return single.Count > 0 ? single
            : named.Exists(file => file.Name == ModelWeights.IndexFile) ? named.FindAll(file => Shard().IsMatch(file.Name))
            : [];
    }

    private static bool IsWanted(string name) => Wanted.Contains(name) || Paper().IsMatch(name);

    // Such a name is a file of the folder that it is put into, on every system, and no option.
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,120}\z")]
    private static partial Regex Safe();

    [GeneratedRegex(@"\Amodel-[0-9]+-of-[0-9]+\.safetensors\z")]
    private static partial Regex Shard();

    [GeneratedRegex(@"\A(LICENSE|LICENCE|NOTICE|COPYING)([.-][A-Za-z0-9]{1,20}){0,2}\z", RegexOptions.IgnoreCase)]
    private static partial Regex Paper();
}
