using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Formats;
using Beep.LanguageModels.Datasets.Records;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets;

/// <summary>A file whose format is known.</summary>
/// <param name="File">The file.</param>
/// <param name="Kind">Its format; null when none of its first rows is an object, so that it could not be told.</param>
internal sealed record OpenedDataset(DatasetFile File, FormatKind? Kind)
{
    /// <summary>Looks at the file and decides its format from the spec and the first row that is an object.</summary>
    /// <exception cref="FaultException">It cannot be read, is no dataset, or is of no known format (exit code 20).</exception>
    public static OpenedDataset Open(string path, DataSpec data)
    {
        var file = DatasetFile.Open(path);
        return new OpenedDataset(file, FormatDetection.Decide(file, data, data.Format is DataFormat.Auto or DataFormat.Preference ? FirstKeys(file) : null));
    }

    /// <summary>As <see cref="Open"/>, and where no format fits, with columns that are commonly called otherwise taken for what they are.</summary>
    /// <returns>The file, and the spec with the columns that were guessed.</returns>
    /// <exception cref="FaultException">It cannot be read, is no dataset, or is of no known format (exit code 20).</exception>
    public static (OpenedDataset Dataset, DataSpec Data) OpenGuessing(string path, DataSpec data)
    {
        if (data is { Format: DataFormat.Auto, Columns: null or { Count: 0 } } && DatasetFile.Open(path) is var file
            && FirstKeys(file) is { } keys && !FormatKind.Known.Any(kind => kind.Fits(data, keys))
            && ColumnSuggestion.Find(keys) is { } columns)
        {
            data = data with { Columns = columns };
        }

        return (Open(path, data), data);
    }

    /// <summary>The sound rows, one after the other; what is wrong with the others goes to <paramref name="log"/>.</summary>
    public IEnumerable<DatasetRow> ReadRows(DataSpec data, FindingLog log, int? vocabularySize = null)
    {
        using var source = File.ReadRecords();
        var reader = new RowReader(Kind, data, vocabularySize);
        var block = new RecordBlock();
        while (source.Fill(block))
        {
            foreach (var record in block.Records)
            {
                if (reader.Read(block, record, log, materialize: true) is { } row)
                {
                    yield return row;
                }
            }

            block.Clear();
        }
    }

    /// <summary>What the rows are for where nobody said it: pairs of answers are for <c>dpo</c>.</summary>
    public TrainingTask Task => Kind?.Format == DataFormat.Preference ? TrainingTask.Dpo : TrainingTask.Sft;

    /// <summary>Refuses a format that the task or the model cannot use.</summary>
    /// <exception cref="FaultException">Exit code 20.</exception>
    public void RequireTrainable(TrainingTask task, ChatTemplate? template)
    {
        var format = Kind?.Format;
        if (task == TrainingTask.Pretrain && format is not (null or DataFormat.Text or DataFormat.Tokens or DataFormat.Preference))
        {
            throw FaultException.Invalid(
                "wrong_format",
                $"'pretrain' learns from plain text, but '{File.Path}' has the format '{Kind!.Name}'.",
                "Set task=sft, or write the rows as 'text'.",
                "task");
        }

        if (task == TrainingTask.Dpo && format is not (null or DataFormat.Preference))
        {
            throw FaultException.Invalid(
                "wrong_format",
                $"'dpo' learns from pairs of answers, but '{File.Path}' has the format '{Kind!.Name}'.",
                "Set task=sft, or write the rows as 'prompt', 'chosen' and 'rejected'.",
                "task");
        }

        if (task != TrainingTask.Dpo && format == DataFormat.Preference)
        {
            throw FaultException.Invalid(
                "wrong_format",
                $"'{File.Path}' holds pairs of answers (format 'preference'), from which '{SpecWriter.WireName(task)}' cannot learn.",
                "Set task=dpo, or write the preferred answers as 'prompt' and 'completion'.",
                "task");
        }

        if (format == DataFormat.Messages && template is null)
        {
            throw FaultException.Invalid(
                "missing_chat_template",
                $"The rows of '{File.Path}' are conversations, but the model has no chat template that says how to write one.",
                "Set data.chat_template, or use a model with a chat template.",
                "data.chat_template");
        }
    }

    private static List<string>? FirstKeys(DatasetFile file)
    {
        const int blocksSearched = 8;
        using var source = file.ReadRecords();
        var scanner = new RowScanner();
        var block = new RecordBlock();
        for (var searched = 0; searched < blocksSearched && source.Fill(block); searched++)
        {
            foreach (var record in block.Records)
            {
                if (record.Fault is null && scanner.Scan(block.Bytes(record), new FindingLog()))
                {
                    return scanner.View(block.Bytes(record)).Keys();
                }
            }

            block.Clear();
        }

        return null;
    }
}
