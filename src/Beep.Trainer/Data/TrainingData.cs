using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.LanguageModels.Tokenization;

namespace Beep.Trainer.Data;

/// <summary>The tokenised rows of a run.</summary>
/// <param name="Tokenizer">The model's tokenizer.</param>
/// <param name="Template">The chat template; null for a model without one.</param>
/// <param name="Train">The training rows.</param>
/// <param name="Validation">The held-out rows; null for none.</param>
internal sealed record TrainingData(Tokenizer Tokenizer, ChatTemplate? Template, TokenStore Train, TokenStore? Validation) : IDisposable
{
    /// <summary>Names the training rows as tokenised: other rows have another, a later build of the program has the same.</summary>
    public string Key => Convert.ToHexStringLower(Train.Content);

    /// <inheritdoc/>
    public void Dispose()
    {
        Train.Dispose();
        Validation?.Dispose();
    }
}
