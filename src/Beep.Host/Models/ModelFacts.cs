namespace Beep.Host.Models;

/// <summary>What a model's folder says of it.</summary>
internal sealed record ModelFacts
{
    public required bool IsAdapter { get; init; }

    /// <summary>Of a base model.</summary>
    public string? Architecture { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Of a base model, in tokens.</summary>
    public int? ContextLength { get; init; }

    public bool HasChatTemplate { get; init; }

    public string? License { get; init; }

    /// <summary>Of an adapter: what its maker called its base.</summary>
    public string? BaseName { get; init; }
}
