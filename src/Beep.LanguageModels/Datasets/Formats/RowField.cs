using System.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary>A column that a format knows.</summary>
/// <param name="Name">The format's own name for it.</param>
/// <param name="Type">What its value is.</param>
/// <param name="IsRequired">Whether every row has it. One that is not required may also be null.</param>
internal sealed record RowField(string Name, JsonTokenType Type, bool IsRequired = true)
{
    /// <summary>Another type that its value may have; null for none.</summary>
    public JsonTokenType? OrElse { get; init; }

    /// <summary>The types in words.</summary>
    public string Expected => OrElse is { } other ? $"{RowView.Describe(Type)} or {RowView.Describe(other)}" : RowView.Describe(Type);

    public bool Takes(JsonTokenType type) => type == Type || type == OrElse;
}

/// <summary>A <see cref="RowField"/> under the name that it has in the file at hand.</summary>
internal sealed class Column(RowField field, DataSpec data)
{
    public RowField Field { get; } = field;

    /// <summary>The name in the file.</summary>
    public string Name { get; } = data.Columns?.GetValueOrDefault(field.Name) ?? field.Name;

    /// <summary>That name in UTF-8.</summary>
    public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(data.Columns?.GetValueOrDefault(field.Name) ?? field.Name);
}
