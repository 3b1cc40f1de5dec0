using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Formats.Messages;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary>
/// A prompt with a preferred and a rejected answer: as text or as messages, with the prompt in a column of its own, in both answers,
/// or in both places.
/// </summary>
internal sealed class PreferenceFormat(FormatKind kind, DataSpec data) : RowFormat(kind, data)
{
    // The kinds of this format have their columns in this order.
    private const int Chosen = 0;
    private const int Rejected = 1;
    private const int Prompt = 2;
    private const int System = 3;

    private readonly bool _hasSystem = kind.Fields.Count > System;
    private readonly MessageReader _reader = kind.Fields[Chosen].Type == JsonTokenType.StartObject ? MessageReader.FromAndValue : MessageReader.RoleAndContent;
    private readonly string _promptPath = kind.Fields[Prompt].Type == JsonTokenType.StartObject ? "messages" : "";
    private readonly List<MessageTurn> _before = [];
    private readonly List<MessageTurn> _answer = [];
    private readonly List<MessageTurn> _chosen = [];
    private readonly List<MessageTurn> _rejected = [];

    protected override void Check(RowView row, FindingLog log)
    {
        if (row.Type(Value(Chosen)) != row.Type(Value(Rejected)))
        {
            log.Error(
                FindingCodes.WrongType,
                $"'{Name(Chosen)}' is {RowView.Describe(row.Type(Value(Chosen)))} and '{Name(Rejected)}' is {RowView.Describe(row.Type(Value(Rejected)))}.",
                "Write both as text, or both as messages.",
                Name(Rejected));
            return;
        }

        if (ReadPrompt(row, log) && ReadAnswer(row, Chosen, _chosen, log) && ReadAnswer(row, Rejected, _rejected, log) && HaveOnePrompt(row, log))
        {
            CheckMessages(row, log);
            CheckAnswers(row, log);
        }
    }

    protected override DatasetRow Read(RowView row, long line)
    {
        var prompt = new ChatMessage[_chosen.Count - 1];
        for (var index = 0; index < prompt.Length; index++)
        {
            prompt[index] = new ChatMessage(_chosen[index].RoleName, row.Text(_chosen[index].ContentEntry));
        }

        var isText = row.Type(Value(Chosen)) == JsonTokenType.String && row.Type(Value(Prompt)) == JsonTokenType.String;
        return new PreferenceRow(line, prompt, row.Text(_chosen[^1].ContentEntry), row.Text(_rejected[^1].ContentEntry), isText);
    }

    /// <summary>What the columns say before the answers.</summary>
    private bool ReadPrompt(RowView row, FindingLog log)
    {
        _before.Clear();
        if (_hasSystem && Value(System) is >= 0 and var system && !row.IsBlank(system))
        {
            _before.Add(MessageTurn.OfText(ChatRole.System, system));
        }

        var prompt = Value(Prompt);
        if (prompt < 0)
        {
            return true;
        }

        if (row.Type(prompt) == JsonTokenType.String)
        {
            if (row.IsBlank(prompt))
            {
                log.Warn(FindingCodes.EmptyPrompt, $"'{Name(Prompt)}' is empty.", "Write the question, or remove the row.", Name(Prompt));
            }

            _before.Add(MessageTurn.OfText(ChatRole.User, prompt));
            return true;
        }

        if (row.Type(prompt) == JsonTokenType.StartObject)
        {
            RefuseToolCalls.Refuse(row, prompt, "tools"u8, log);
            prompt = row.Find(prompt, "messages"u8);
            if (prompt < 0 || row.Type(prompt) != JsonTokenType.StartArray)
            {
                log.Error(
                    FindingCodes.WrongType,
                    $"'{_promptPath}' of '{Name(Prompt)}' is {(prompt < 0 ? "null" : RowView.Describe(row.Type(prompt)))}; a list is expected.",
                    "Write it as a list of messages.",
                    Name(Prompt));
                return false;
            }
        }

        return _reader.ReadList(row, prompt, Name(Prompt), _before, log);
    }

    /// <summary>One side as a conversation that the answer ends.</summary>
    private bool ReadAnswer(RowView row, int column, List<MessageTurn> conversation, FindingLog log)
    {
        var value = Value(column);
        conversation.Clear();
        conversation.AddRange(_before);
        switch (row.Type(value))
        {
            case JsonTokenType.String when Value(Prompt) < 0:
                if (column == Chosen)
                {
                    log.Error(FindingCodes.MissingColumn, $"The row lacks '{Name(Prompt)}'.", $"Add '{Name(Prompt)}', or remove the row.", Name(Prompt));
                }

                return false;
            case JsonTokenType.String:
                conversation.Add(MessageTurn.OfText(ChatRole.Assistant, value));
                return true;
            case JsonTokenType.StartObject:
                return _reader.Read(row, value, Name(column), conversation, log);
            default:
                return ReadMessages(row, column, conversation, log);
        }
    }

    /// <summary>A list is the answer, or the whole conversation; one that repeats the prompt's column is the whole too.</summary>
    private bool ReadMessages(RowView row, int column, List<MessageTurn> conversation, FindingLog log)
    {
        _answer.Clear();
        var first = row.FirstChild(Value(column));
        var isOne = first >= 0 && row.NextChild(Value(column), first) < 0;
        if (!_reader.ReadList(row, Value(column), Name(column), _answer, log, before: isOne ? conversation.Count : 0))
        {
            return false;
        }

        var own = Value(Prompt) < 0 ? 0 : conversation.Count - (_before.Count > 0 && _before[0].Entry < 0 && _before[0].Role == ChatRole.System ? 1 : 0);
        var isWhole = _answer.Count > 0 && (Value(Prompt) < 0 || (_answer.Count > own && _answer.Count > 1 && Repeats(row, own)));
        if (!isWhole && _answer.Count != 1)
        {
            log.Error(
                FindingCodes.WrongType,
                $"'{Name(column)}' has {_answer.Count} messages after the prompt; one is expected.",
                "Write one answer of the assistant.",
                Name(column));
            return false;
        }

        if (isWhole)
        {
            // Of the columns, only a system message that the conversation lacks is left.
            conversation.RemoveRange(conversation.Count - own, own);
            if (conversation.Count > 0 && _answer[0].Role == ChatRole.System)
            {
                conversation.Clear();
            }
        }

        conversation.AddRange(_answer);
        return true;
    }

    /// <summary>Whether the conversation, its last message aside, ends with the messages of the prompt's column.</summary>
    private bool Repeats(RowView row, int own)
    {
        for (var back = 1; back <= own; back++)
        {
            if (!_before[^back].Says(_answer[^(back + 1)], row))
            {
                return false;
            }
        }

        return true;
    }

    private bool HaveOnePrompt(RowView row, FindingLog log)
    {
        var isOne = _chosen.Count == _rejected.Count;
        for (var index = 0; isOne && index < _chosen.Count - 1; index++)
        {
            isOne = _chosen[index].Says(_rejected[index], row);
        }

        if (!isOne)
        {
            log.Error(
                FindingCodes.WrongType,
                $"'{Name(Chosen)}' and '{Name(Rejected)}' differ before their last messages.",
                $"Put what comes before the answers into '{Name(Prompt)}'.",
                Name(Rejected));
        }

        return isOne;
    }

    private void CheckMessages(RowView row, FindingLog log)
    {
        foreach (var rule in MessageRule.All)
        {
            rule.Check(row, _chosen, Value(Prompt) < 0 ? Name(Chosen) : Name(Prompt), log);
        }

        // What is wrong with the prompt has been said by now; of the other side only its answer is left.
        if (!log.RowHasError)
        {
            foreach (var rule in MessageRule.All)
            {
                rule.Check(row, _rejected, Name(Rejected), log);
            }
        }
    }

    private void CheckAnswers(RowView row, FindingLog log)
    {
        var isText = row.Type(Value(Chosen)) == JsonTokenType.String;
        for (var column = Chosen; isText && column <= Rejected; column++)
        {
            if (row.IsBlank(Value(column)))
            {
                log.Error(
                    FindingCodes.EmptyCompletion,
                    $"'{Name(column)}' is empty: there is no answer to learn.",
                    "Write the answer, or remove the row.",
                    Name(column));
            }
        }

        if (!log.RowHasError && row.IsSame(_chosen[^1].ContentEntry, _rejected[^1].ContentEntry))
        {
            log.Error(
                FindingCodes.SameAnswers,
                $"'{Name(Chosen)}' and '{Name(Rejected)}' are the same: nothing is preferred.",
                "Write two answers, or remove the row.",
                Name(Rejected));
        }
    }
}
