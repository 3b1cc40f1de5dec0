using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Tokenization;

namespace Beep.Host.Datasets.Checking;

/// <summary>A model as far as rows are concerned.</summary>
/// <param name="Id">Its public id.</param>
/// <param name="Tokenizer">Its own.</param>
/// <param name="Template">Null when it has none.</param>
/// <param name="Longest">What it takes, in tokens.</param>
internal sealed record RowModel(string Id, Tokenizer Tokenizer, ChatTemplate? Template, int Longest)
{
    /// <exception cref="FaultException">Its files are not what they should be.</exception>
    public static RowModel Load(string id, string folder) =>
        new(id, Tokenizer.Load(folder), ChatTemplate.Load(folder), ModelConfig.Load(folder).MaxPositionEmbeddings);
}

/// <summary>Reads all rows of a version once.</summary>
internal static class RowChecker
{
    /// <param name="path">The file.</param>
    /// <param name="model">Whose tokens are counted; null for none.</param>
    /// <param name="observe">Hears of each block of rows.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>What was found, and the spec with the columns that were guessed.</returns>
    /// <exception cref="FaultException">The file as a whole is unusable.</exception>
    public static (DatasetReport Report, DataSpec Data) Check(string path, RowModel? model, Action<CheckedBlock>? observe, CancellationToken cancellationToken)
    {
        var (dataset, data) = OpenedDataset.OpenGuessing(path, new DataSpec());
        data = data with { Format = dataset.Kind?.Format ?? DataFormat.Auto };
        if (model is not null)
        {
            data = data with { MaxLength = Math.Min(data.MaxLength, model.Longest) };
        }

        return (DatasetChecker.Check(path, new DatasetCheckOptions { Data = data, Observe = observe }, model?.Tokenizer, model?.Template, cancellationToken), data);
    }
}
