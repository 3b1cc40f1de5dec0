using System.Text.Json;

namespace Beep.LanguageModels.Datasets.Rows;

/// <summary>One value or property name of a row; children follow their container.</summary>
internal struct JsonEntry
{
    /// <summary>What it is; a run of numbers inside a list is one entry.</summary>
    public JsonTokenType Type;

    /// <summary>Whether a string or name has escapes.</summary>
    public bool IsEscaped;

    /// <summary>Where its text begins, quotation marks left out.</summary>
    public int Start;

    /// <summary>How many bytes of text it has.</summary>
    public int Length;

    /// <summary>The entry after it and all its children.</summary>
    public int Next;
}
