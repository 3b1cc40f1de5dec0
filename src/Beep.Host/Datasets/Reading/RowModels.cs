using System.Security.Claims;
using Beep.Host.Datasets.Checking;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Reading;

/// <summary>The tokenizers that were used last: to read one takes a second, and a preview is asked for page by page.</summary>
internal sealed class RowModels(IModelFolders folders)
{
    private const int Most = 2;

    private readonly Lock _gate = new();
    private readonly List<(string Folder, DateTime ChangedAt, RowModel Model)> _recent = [];

    /// <exception cref="HttpFaultException">404: there is no such model for this caller.</exception>
    public async Task<RowModel> RequireAsync(string modelId, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var folder = (PublicId.IsOne(modelId) ? await folders.FindAsync(modelId, caller, cancellationToken) : null) ?? throw NotFound();
        var changedAt = File.GetLastWriteTimeUtc(Path.Combine(folder, "tokenizer.json"));
        lock (_gate)
        {
            if (_recent.Find(entry => entry.Folder == folder && entry.ChangedAt == changedAt && entry.Model.Id == modelId) is { Model: { } known } found)
            {
                _recent.Remove(found);
                _recent.Insert(0, found);
                return known;
            }
        }

        var model = await Task.Run(() => RowModel.Load(modelId, folder), cancellationToken);
        lock (_gate)
        {
            _recent.Insert(0, (folder, changedAt, model));
            if (_recent.Count > Most)
            {
                _recent.RemoveAt(Most);
            }
        }

        return model;
    }

    public static HttpFaultException NotFound() => HttpFaultException.NotFound("model_not_found", "There is no such model, or it is somebody else's.", "Look it up in the list of models.");
}
