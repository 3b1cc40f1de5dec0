namespace Beep.LanguageModels.Datasets;

/// <summary>How rows are laid out in a file.</summary>
internal enum DatasetContainer
{
    /// <summary>A JSON object a line.</summary>
    JsonLines = 1,

    /// <summary>One JSON array of objects.</summary>
    JsonArray = 2,

    /// <summary>RFC 4180 with a header row.</summary>
    Csv = 3,

    /// <summary>A text a line.</summary>
    PlainText = 4,
}
