using System.Text;
using Beep.Contracts;
using Beep.Host.Datasets.Checking;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Tokens;

namespace Beep.Host.Datasets.Reading;

/// <summary>A piece of a row whose tokens are alike.</summary>
/// <param name="Text">As the tokens have it.</param>
/// <param name="Tokens">How many.</param>
/// <param name="IsTrained">Whether loss is taken on them.</param>
/// <param name="IsSpecial">Whether they are marks of the model and no text.</param>
/// <param name="Turn">Which message of the conversation it is of, from 0; null where there is none.</param>
/// <param name="Role">Who says it.</param>
/// <param name="Side"><c>chosen</c> or <c>rejected</c>: of which answer of a pair it is; null for what comes before them, and for other rows.</param>
internal sealed record PreviewSegment(string Text, int Tokens, bool IsTrained, bool IsSpecial, int? Turn, string? Role, string? Side = null)
{
    public const string Chosen = "chosen";
    public const string Rejected = "rejected";
}

/// <summary>A row as a model sees it.</summary>
/// <param name="Row">Its number in the file, from 1.</param>
/// <param name="Line">The line on which it begins.</param>
/// <param name="Source">As it stands in the file, cut where it is very long.</param>
/// <param name="Tokens">How many, of a pair in both its sequences; null without a model, or where it could not be encoded.</param>
/// <param name="TrainableTokens">On how many of them loss is taken.</param>
/// <param name="Segments">Its pieces, of a pair what comes before the answers and then each of them; empty without a model.</param>
/// <param name="IsCut">Whether pieces or the source were left out for their length.</param>
/// <param name="Faults">What is wrong with it.</param>
internal sealed record PreviewRow(long Row, long Line, string Source, int? Tokens, int? TrainableTokens, IReadOnlyList<PreviewSegment> Segments, bool IsCut, IReadOnlyList<string> Faults);

/// <summary>Some rows of a version.</summary>
/// <param name="Next">The <c>after</c> of the rows that follow; null at the end.</param>
internal sealed record PreviewPage(string? Model, string? Format, IReadOnlyList<PreviewRow> Rows, long? Next);

/// <summary>Shows rows as a model will see them: template applied, what is learnt told from what is not.</summary>
internal static class DatasetPreview
{
    public const int MostRows = 50;
    private const int LongestText = 64 << 10;

    /// <summary>So many rows behind the row of that number.</summary>
    public static PreviewPage Read(FoundVersion found, RowModel? model, long after, int limit, CancellationToken cancellationToken)
    {
        var data = VersionData.SpecOf(found);
        var reader = VersionData.ReaderOf(found, data, model?.Tokenizer.VocabularySize);
        var encoder = model is null ? null : new RowEncoder(model.Tokenizer, model.Template, data, TrainingTask.Sft);
        var rows = new List<PreviewRow>();
        var isMore = false;
        VersionData.Read(found, after, (block, record, number) =>
        {
            if (rows.Count == limit)
            {
                isMore = true;
                return false;
            }

            var log = new FindingLog();
            var row = reader.Read(block, record, log, materialize: true);
            var source = Encoding.UTF8.GetString(block.Bytes(record)[..Math.Min(record.Length, LongestText)]);
            var shown = row is null || model is null ? null : Show(row, model, encoder!, log);
            rows.Add(new PreviewRow(
                number, record.Line, source, shown?.Tokens, shown?.Trainable, shown?.Segments ?? [], record.Length > LongestText || shown is { IsCut: true },
                [.. log.Groups.SelectMany(group => group.First).Select(finding => $"{finding.Message} {finding.Remedy}")]));
            return true;
        }, cancellationToken);
        return new PreviewPage(model?.Id, found.Version.Format, rows, isMore ? after + rows.Count : null);
    }

    private sealed record Shown(int Tokens, int Trainable, IReadOnlyList<PreviewSegment> Segments, bool IsCut);

    private static Shown? Show(DatasetRow row, RowModel model, RowEncoder encoder, FindingLog log)
    {
        if (encoder.TryEncode(row, log) is not { } encoded)
        {
            return null;
        }

        var segments = new List<PreviewSegment>();
        var pair = row as PreferenceRow;
        var isWhole = Cut(encoded, RowEncoder.MessagesOf(row), pair is null ? null : PreviewSegment.Chosen, model, segments);
        if (pair is not null && encoded.Rejected is { } rejected)
        {
            isWhole = Cut(rejected, pair.RejectedMessages, PreviewSegment.Rejected, model, segments) && isWhole;
        }

        return new Shown(encoded.InputIds.Length + (encoded.Rejected?.InputIds.Length ?? 0), encoded.TrainableTokens + (encoded.Rejected?.TrainableTokens ?? 0), segments, !isWhole);
    }

    /// <summary>Adds the pieces of a sequence; of a rejected answer without what the chosen one has before it. False where it is too long to be shown whole.</summary>
    private static bool Cut(EncodedRow encoded, IReadOnlyList<ChatMessage>? messages, string? side, RowModel model, List<PreviewSegment> segments)
    {
        var turns = model.Template is { } template && messages is not null ? Turns(messages, template, model, encoded) : null;
        var answer = side is null ? int.MaxValue : encoded.Labels.AsSpan().IndexOfAnyExcept(EncodedRow.Masked);
        answer = answer < 0 ? encoded.Labels.Length : answer;
        var start = side == PreviewSegment.Rejected ? answer : 0;
        var length = 0;
        for (var index = start + 1; index <= encoded.InputIds.Length; index++)
        {
            if (index < encoded.InputIds.Length && Kind(index) == Kind(start))
            {
                continue;
            }

            var segment = Segment(encoded, start, index, model, turns) with { Side = start >= answer ? side : null };
            length += segment.Text.Length;
            if (length > LongestText)
            {
                return false;
            }

            segments.Add(segment);
            start = index;
        }

        return true;

        (bool, bool, int?, bool) Kind(int index) => (IsTrained(encoded, index), model.Tokenizer.IsSpecial(encoded.InputIds[index]), turns?.Of[index], index >= answer);
    }

    private static PreviewSegment Segment(EncodedRow encoded, int start, int end, RowModel model, TurnTable? turns)
    {
        var bytes = new List<byte>();
        foreach (var id in encoded.InputIds.AsSpan(start, end - start))
        {
            bytes.AddRange(model.Tokenizer.BytesOf(id, skipSpecialTokens: false));
        }

        var turn = turns?.Of[start];
        return new PreviewSegment(
            Encoding.UTF8.GetString([.. bytes]), end - start, IsTrained(encoded, start), model.Tokenizer.IsSpecial(encoded.InputIds[start]), turn, turn is { } number ? turns!.Messages[number].Role : null);
    }

    /// <summary>The first token is predicted from nothing.</summary>
    private static bool IsTrained(EncodedRow row, int index) => index > 0 && row.Labels[index] != EncodedRow.Masked;

    private sealed record TurnTable(int[] Of, IReadOnlyList<ChatMessage> Messages);

    /// <summary>Which message each token is of; null where the template writes earlier messages otherwise once later ones follow.</summary>
    private static TurnTable? Turns(IReadOnlyList<ChatMessage> messages, ChatTemplate template, RowModel model, EncodedRow encoded)
    {
        try
        {
            var text = template.Render(messages, addGenerationPrompt: false);
            var ends = new int[messages.Count];
            for (var turn = 0; turn < messages.Count; turn++)
            {
                var part = turn == messages.Count - 1 ? text : template.Render([.. messages.Take(turn + 1)], addGenerationPrompt: false);
                if (!text.StartsWith(part, StringComparison.Ordinal))
                {
                    return null;
                }

                ends[turn] = part.Length;
            }

            var tokens = model.Tokenizer.EncodeWithOffsets(text);
            return tokens.Ids.AsSpan().SequenceEqual(encoded.InputIds)
                ? new TurnTable([.. tokens.Starts.Select(start => Array.FindIndex(ends, end => start < end) is >= 0 and var turn ? turn : messages.Count - 1)], messages)
                : null;
        }
        catch (FaultException)
        {
            // A template that refuses a part of a conversation.
            return null;
        }
    }
}
