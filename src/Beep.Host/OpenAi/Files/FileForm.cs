using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Datasets.Files;
using Beep.Host.Datasets.Uploading;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.OpenAi.Files;

/// <summary>The form of an upload as OpenAI's clients send it. Two files may have one name there, and two datasets may not: the second gets another.</summary>
internal sealed class FileForm(FineTuneDatabase database) : IUploadForm
{
    private const string PurposeField = "purpose";
    private const int TagLength = 6;

    public bool Takes(string field) => field == PurposeField;

    public async Task<UploadTarget> ToTargetAsync(string sourceName, IReadOnlyDictionary<string, string> fields, long userId, bool isWhole, CancellationToken cancellationToken)
    {
        if ((isWhole || fields.ContainsKey(PurposeField)) && fields.GetValueOrDefault(PurposeField) is var purpose and not FileCatalogue.Purpose)
        {
            throw OpenAiRequests.Bad("invalid_value", purpose is null ? "'purpose' is missing; it must be fine-tune." : $"'purpose' is '{OpenAiRequests.Shown(purpose)}'; only fine-tune is taken here.", PurposeField);
        }

        return new UploadTarget { UserId = userId, SourceName = sourceName, Name = await NameAsync(SourceNames.Title(sourceName), userId, cancellationToken) };
    }

    private async Task<string> NameAsync(string title, long userId, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        if (!await context.Set<Dataset>().AnyAsync(dataset => dataset.OwnerId == userId && dataset.DeletedAt == null && dataset.Name == title, cancellationToken))
        {
            return title;
        }

        var room = Dataset.LongestName - TagLength - 1;
        return $"{(title.Length <= room ? title : title[..room])} {PublicId.New()[..TagLength]}";
    }
}
