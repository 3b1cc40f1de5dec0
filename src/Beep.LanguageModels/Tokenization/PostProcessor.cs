namespace Beep.LanguageModels.Tokenization;

/// <summary>The tokens that a text as a whole is given before and after it when special tokens are asked for.</summary>
internal sealed record PostProcessor(int[] Before, int[] After)
{
    public static PostProcessor None { get; } = new([], []);

    /// <summary>This one applied to what the inner one makes.</summary>
    public PostProcessor Around(PostProcessor inner) => new([.. Before, .. inner.Before], [.. inner.After, .. After]);
}
