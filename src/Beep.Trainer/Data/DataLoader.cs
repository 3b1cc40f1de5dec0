using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Safetensors;
using Beep.LanguageModels.Tokenization;

namespace Beep.Trainer.Data;

/// <summary>Tokenises the rows of a job into its cache, or takes them from there.</summary>
internal static class DataLoader
{
    /// <summary>Reads what the spec names.</summary>
    /// <exception cref="FaultException">The model, the data or both are wrong.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled first.</exception>
    public static TrainingData Load(JobSpec spec, JobFolder folder, CancellationToken cancellation)
    {
        var config = ModelConfig.Load(spec.Model.Path);
        CheckHash(spec.Model);

        // A row past the model's context has positions that the model never learnt.
        spec = spec with { Data = spec.Data with { MaxLength = Math.Min(spec.Data.MaxLength, config.MaxPositionEmbeddings) } };
        var tokenizer = Tokenizer.Load(spec.Model.Path);
        if (tokenizer.VocabularySize > config.VocabularySize)
        {
            throw FaultException.Invalid(
                "tokenizer_mismatch",
                $"The tokenizer knows {tokenizer.VocabularySize:N0} tokens and the model {config.VocabularySize:N0}.",
                "Use the tokenizer that belongs to the model; a model whose tokenizer was extended has an extended embedding.",
                spec.Model.Path);
        }

        var template = ChatTemplate.Load(spec.Model.Path, spec.Data.ChatTemplate);
        Directory.CreateDirectory(folder.Cache);
        var train = DatasetPreparation.Prepare(spec, spec.Data.Train, tokenizer, template, Path.Combine(folder.Cache, "train.tokens"), cancellation);
        try
        {
            var validation = spec.Data.Validation is null
                ? null
                : DatasetPreparation.Prepare(spec, spec.Data.Validation, tokenizer, template, Path.Combine(folder.Cache, "validation.tokens"), cancellation);
            return new TrainingData(tokenizer, template, train, validation);
        }
        catch
        {
            train.Dispose();
            throw;
        }
    }

    private static void CheckHash(ModelSpec model)
    {
        if (model.Sha256 is null)
        {
            return;
        }

        var actual = ModelWeights.Hash(model.Path);
        if (!string.Equals(actual, model.Sha256, StringComparison.OrdinalIgnoreCase))
        {
            throw FaultException.Invalid("model_changed", $"The weights in '{model.Path}' have the SHA-256 {actual}; the spec was made for {model.Sha256}.", "Restore the model, or leave model.sha256 out.", "model.sha256");
        }
    }
}
