using System.Security.Claims;
using Beep.Host.Data;

namespace Beep.Host.Datasets;

/// <summary>A job that was made with a version.</summary>
/// <param name="Id">The job's.</param>
/// <param name="Name">The job's.</param>
/// <param name="State">In the words of the API.</param>
/// <param name="VersionSeq">Of what it trained on.</param>
/// <param name="IsValidation">Whether it was measured with the rows and not trained on them.</param>
/// <param name="ModelIds">What came out of it and is in the registry, by public ids.</param>
internal sealed record DatasetUse(string Id, string Name, string State, long VersionSeq, bool IsValidation, IReadOnlyList<string> ModelIds);

/// <summary>What uses versions of datasets. The jobs say it: datasets know nothing of them.</summary>
internal interface IDatasetUses
{
    /// <summary>The jobs with any of these versions that the caller may see, newest first.</summary>
    Task<IReadOnlyList<DatasetUse>> ListAsync(IReadOnlyCollection<long> versionSeqs, ClaimsPrincipal caller, int most, CancellationToken cancellationToken);

    /// <summary>The id of a job, whoever's it is, that needs one of these versions and has not ended; null when none does.</summary>
    Task<string?> FindUnfinishedAsync(FineTuneDbContext context, IReadOnlyCollection<long> versionSeqs, CancellationToken cancellationToken);
}

/// <summary>A model that rows can be shown with.</summary>
internal sealed record KnownModel(string Id, string Name);

/// <summary>Where models lie. The models' own room says it: datasets know nothing of them.</summary>
internal interface IModelFolders
{
    /// <summary>The folder with the tokenizer and the chat template of a model that the caller may see; null when there is none.</summary>
    Task<string?> FindAsync(string modelId, ClaimsPrincipal? caller, CancellationToken cancellationToken);

    /// <summary>Those that the caller may see and that are ready, newest first.</summary>
    Task<IReadOnlyList<KnownModel>> ListAsync(ClaimsPrincipal caller, CancellationToken cancellationToken);
}
