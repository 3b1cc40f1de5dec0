using System.Text.Json.Serialization;

namespace Beep.Contracts;

/// <summary>Which worker runs the job.</summary>
public enum Backend
{
    /// <summary>The embedded trainer, on TorchSharp.</summary>
    [JsonStringEnumMemberName("torchsharp")] Torchsharp = 1,

    /// <summary>The Hugging Face worker.</summary>
    [JsonStringEnumMemberName("transformers")] Transformers = 2,

    /// <summary>A command or container image that an administrator registered.</summary>
    [JsonStringEnumMemberName("custom")] Custom = 3,
}

/// <summary>What the model learns from.</summary>
public enum TrainingTask
{
    /// <summary>Supervised fine-tuning on prompts and answers.</summary>
    [JsonStringEnumMemberName("sft")] Sft = 1,

    /// <summary>Direct preference optimisation on pairs.</summary>
    [JsonStringEnumMemberName("dpo")] Dpo = 2,

    /// <summary>Next-token prediction on plain text from randomly initialised weights.</summary>
    [JsonStringEnumMemberName("pretrain")] Pretrain = 3,
}

/// <summary>Which weights are trained.</summary>
public enum TrainingMethod
{
    /// <summary>Low-rank adapters beside frozen weights.</summary>
    [JsonStringEnumMemberName("lora")] Lora = 1,

    /// <summary>Low-rank adapters beside frozen 4-bit weights.</summary>
    [JsonStringEnumMemberName("qlora")] Qlora = 2,

    /// <summary>Low-rank adapters with a learnt magnitude.</summary>
    [JsonStringEnumMemberName("dora")] Dora = 3,

    /// <summary>Every weight.</summary>
    [JsonStringEnumMemberName("full")] Full = 4,
}

/// <summary>How a dataset row is written.</summary>
public enum DataFormat
{
    /// <summary>Decided from the first row.</summary>
    [JsonStringEnumMemberName("auto")] Auto = 0,

    /// <summary><c>messages</c>: a list of <c>role</c> and <c>content</c>.</summary>
    [JsonStringEnumMemberName("messages")] Messages = 1,

    /// <summary><c>prompt</c> and <c>completion</c>.</summary>
    [JsonStringEnumMemberName("prompt_completion")] PromptCompletion = 2,

    /// <summary><c>instruction</c>, optional <c>input</c>, and <c>output</c>.</summary>
    [JsonStringEnumMemberName("alpaca")] Alpaca = 3,

    /// <summary><c>conversations</c>: a list of <c>from</c> and <c>value</c>.</summary>
    [JsonStringEnumMemberName("sharegpt")] Sharegpt = 4,

    /// <summary><c>text</c>, or a line of a plain text file.</summary>
    [JsonStringEnumMemberName("text")] Text = 5,

    /// <summary>A prompt with a preferred and a rejected answer.</summary>
    [JsonStringEnumMemberName("preference")] Preference = 6,

    /// <summary><c>input_ids</c> and optional <c>labels</c>.</summary>
    [JsonStringEnumMemberName("tokens")] Tokens = 7,
}

/// <summary>What happens to a row longer than <see cref="DataSpec.MaxLength"/>.</summary>
public enum OverlongPolicy
{
    /// <summary>The run is refused.</summary>
    [JsonStringEnumMemberName("fail")] Fail = 1,

    /// <summary>The row loses its end.</summary>
    [JsonStringEnumMemberName("truncate")] Truncate = 2,

    /// <summary>The row is left out.</summary>
    [JsonStringEnumMemberName("drop")] Drop = 3,
}

/// <summary>What happens to a row without a labelled token.</summary>
public enum UntrainablePolicy
{
    /// <summary>The run is refused.</summary>
    [JsonStringEnumMemberName("fail")] Fail = 1,

    /// <summary>The row is left out.</summary>
    [JsonStringEnumMemberName("drop")] Drop = 2,

    /// <summary>The row takes part and teaches nothing.</summary>
    [JsonStringEnumMemberName("keep")] Keep = 3,
}

/// <summary>How the learning rate moves after the warm-up.</summary>
public enum LrScheduler
{
    /// <summary>Half a cosine down to zero.</summary>
    [JsonStringEnumMemberName("cosine")] Cosine = 1,

    /// <summary>A straight line down to zero.</summary>
    [JsonStringEnumMemberName("linear")] Linear = 2,

    /// <summary>No change.</summary>
    [JsonStringEnumMemberName("constant")] Constant = 3,
}

/// <summary>The rule that turns gradients into new weights.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay; betas 0.9 and 0.999, epsilon 1e-8.</summary>
    [JsonStringEnumMemberName("adamw")] Adamw = 1,

    /// <summary>Plain stochastic gradient descent.</summary>
    [JsonStringEnumMemberName("sgd")] Sgd = 2,
}

/// <summary>The number format of the forward and backward pass.</summary>
public enum Precision
{
    /// <summary>The fastest that the device computes well.</summary>
    [JsonStringEnumMemberName("auto")] Auto = 0,

    /// <summary>32-bit floating point.</summary>
    [JsonStringEnumMemberName("fp32")] Fp32 = 1,

    /// <summary>bfloat16 products with 32-bit trained weights, norms and loss.</summary>
    [JsonStringEnumMemberName("bf16")] Bf16 = 2,
}

/// <summary>A choice that the worker may make by itself.</summary>
public enum AutoSwitch
{
    /// <summary>The worker decides.</summary>
    [JsonStringEnumMemberName("auto")] Auto = 0,

    /// <summary>Always.</summary>
    [JsonStringEnumMemberName("on")] On = 1,

    /// <summary>Never.</summary>
    [JsonStringEnumMemberName("off")] Off = 2,
}

/// <summary>Whether a run goes on from the newest checkpoint of its folder.</summary>
public enum ResumePolicy
{
    /// <summary>It does, where there is one.</summary>
    [JsonStringEnumMemberName("auto")] Auto = 1,

    /// <summary>It starts anew.</summary>
    [JsonStringEnumMemberName("never")] Never = 2,
}
