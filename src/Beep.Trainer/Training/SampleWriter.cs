using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Tokenization;
using Beep.Trainer.Generation;
using Beep.Trainer.Models;

namespace Beep.Trainer.Training;

/// <summary>Lets the model answer the spec's prompts while it learns; always its likeliest words, so that rounds compare.</summary>
internal sealed class SampleWriter(CausalLanguageModel model, Tokenizer tokenizer, ChatTemplate? template, SamplesSpec spec, RunReport report)
{
    /// <param name="step">The optimizer steps done.</param>
    /// <param name="stop">Asked between prompts; true leaves the others out.</param>
    /// <returns>Whether every prompt was answered.</returns>
    public bool Write(int step, Func<bool> stop)
    {
        foreach (var prompt in spec.Prompts)
        {
            if (stop())
            {
                return false;
            }

            var generator = new TextGenerator(model, tokenizer, template);
            var text = string.Concat(generator.Answer(prompt, system: null, SamplingOptions.Greedy with { MaxNewTokens = spec.MaxNewTokens }));
            report.Sample(step, prompt, text);
        }

        return true;
    }
}
