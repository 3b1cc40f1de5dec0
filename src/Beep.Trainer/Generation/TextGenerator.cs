using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Tokenization;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Generation;

/// <summary>Continues a text, one token after the other, keeping keys and values.</summary>
internal sealed class TextGenerator(CausalLanguageModel model, Tokenizer tokenizer, ChatTemplate? template)
{
    /// <summary>How the last generation ended: <c>stop</c> at an end token, <c>length</c> at a limit.</summary>
    public string FinishReason { get; private set; } = "stop";

    /// <summary>Tokens of the last prompt and of the answer to it.</summary>
    public (int Prompt, int Answer) Usage { get; private set; }

    /// <summary>Answers a question in the model's chat template, or continues it as text where the model has none.</summary>
    /// <returns>Pieces of the answer as they come, each of whole characters.</returns>
    public IEnumerable<string> Answer(string prompt, string? system, SamplingOptions options)
    {
        if (template is null)
        {
            return Continue(tokenizer.Encode(prompt, addSpecialTokens: true), options);
        }

        List<ChatMessage> messages = system is null ? [new("user", prompt)] : [new("system", system), new("user", prompt)];
        return Continue(tokenizer.Encode(template.Render(messages, addGenerationPrompt: true)), options);
    }

    /// <summary>Continues a plain text.</summary>
    public IEnumerable<string> Complete(string text, SamplingOptions options) => Continue(tokenizer.Encode(text, addSpecialTokens: true), options);

    private IEnumerable<string> Continue(int[] prompt, SamplingOptions options)
    {
        if (prompt.Length == 0)
        {
            throw FaultException.Invalid("empty_prompt", "The prompt is empty.", "Write something to continue.", "prompt");
        }

        var context = model.Config.MaxPositionEmbeddings;
        if (prompt.Length >= context)
        {
            throw FaultException.Invalid("prompt_too_long", $"The prompt has {prompt.Length:N0} tokens; the model sees at most {context:N0}.", "Shorten it.", "prompt");
        }

        var capacity = Math.Min(context, prompt.Length + options.MaxNewTokens);
        var sampler = new TokenSampler(options);
        var text = new TokenTextStream(tokenizer, skipSpecialTokens: true);
        using var cache = new KeyValueCache(model.Config, capacity, model.ComputeType, model.Device);
        Usage = (prompt.Length, 0);
        FinishReason = "length";
        var next = Array.ConvertAll(prompt, id => (long)id);
        while (true)
        {
            var chosen = Choose(next, cache, sampler);
            if (tokenizer.EndOfSequenceIds.Contains(chosen))
            {
                FinishReason = "stop";
                break;
            }

            Usage = (prompt.Length, Usage.Answer + 1);
            if (text.Push(chosen) is { Length: > 0 } piece)
            {
                yield return piece;
            }

            if (Usage.Answer == options.MaxNewTokens || cache.Length == capacity)
            {
                break;
            }

            next = [chosen];
        }

        if (text.Flush() is { Length: > 0 } rest)
        {
            yield return rest;
        }
    }

    /// <summary>Feeds tokens [1, T] and chooses the one that follows.</summary>
    private int Choose(long[] tokens, KeyValueCache cache, TokenSampler sampler)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var context = ForwardContext.ForGeneration(model.Rope, cache, tokens.Length);
        var hidden = model.Forward(tensor(tokens, [1, tokens.Length], ScalarType.Int64, model.Device), context);
        cache.Advance(tokens.Length);
        var scores = model.Score(hidden.narrow(1, tokens.Length - 1, 1)).reshape(-1).cpu();
        return sampler.Choose(scores.data<float>().ToArray());
    }
}
