using Beep.LanguageModels.Configuration;
using static TorchSharp.torch;

namespace Beep.Trainer.Models;

/// <summary>One block of a Llama or Qwen2 model: attention and a gated feed-forward, each after a norm, each added to the stream.</summary>
internal sealed class DecoderLayer
{
    private readonly ModelConfig _config;
    private readonly ScalarType _computeType;
    private readonly int _index;
    private readonly RmsNorm _attentionNorm;
    private readonly RmsNorm _feedForwardNorm;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly Linear _gate;
    private readonly Linear _up;
    private readonly Linear _down;

    public DecoderLayer(ModelConfig config, int index, ParameterSource parameters, ScalarType computeType)
    {
        (_config, _index, _computeType) = (config, index, computeType);
        var prefix = $"model.layers.{index}.";
        long hidden = config.HiddenSize, wide = config.IntermediateSize;
        long queries = config.NumHeads * (long)config.HeadDim, keys = config.NumKeyValueHeads * (long)config.HeadDim;
        _attentionNorm = parameters.Norm(prefix + "input_layernorm");
        _query = parameters.Linear(prefix + "self_attn.q_proj", queries, hidden, config.QkvBias);
        _key = parameters.Linear(prefix + "self_attn.k_proj", keys, hidden, config.QkvBias);
        _value = parameters.Linear(prefix + "self_attn.v_proj", keys, hidden, config.QkvBias);
        _output = parameters.Linear(prefix + "self_attn.o_proj", hidden, queries, config.OutputBias);
        _feedForwardNorm = parameters.Norm(prefix + "post_attention_layernorm");
        _gate = parameters.Linear(prefix + "mlp.gate_proj", wide, hidden, config.MlpBias);
        _up = parameters.Linear(prefix + "mlp.up_proj", wide, hidden, config.MlpBias);
        _down = parameters.Linear(prefix + "mlp.down_proj", hidden, wide, config.MlpBias);
    }

    /// <summary>The layers that an adapter may sit on.</summary>
    public IReadOnlyList<Linear> Linears => [_query, _key, _value, _output, _gate, _up, _down];

    /// <summary>The residual stream [B, T, hidden] in 32 bits, to the same.</summary>
    public Tensor Forward(Tensor stream, ForwardContext context)
    {
        // The scope lets go of every intermediate that autograd does not keep.
        using var scope = NewDisposeScope();
        if (context.DropoutSeed is { } seed)
        {
            random.manual_seed(unchecked((seed * 8191) + _index));
        }

        var attended = stream + Attend(_attentionNorm.Forward(stream).to(_computeType), context).to(ScalarType.Float32);
        var fed = attended + Feed(_feedForwardNorm.Forward(attended).to(_computeType), context).to(ScalarType.Float32);
        return fed.MoveToOuterDisposeScope();
    }

    private Tensor Attend(Tensor x, ForwardContext context)
    {
        var (batch, length) = (x.shape[0], x.shape[1]);
        var dropout = context.DropoutSeed is not null;
        var query = Heads(_query.Forward(x, dropout), _config.NumHeads);
        var key = Heads(_key.Forward(x, dropout), _config.NumKeyValueHeads);
        var value = Heads(_value.Forward(x, dropout), _config.NumKeyValueHeads);
        query = RotaryTable.Rotate(query, context.Cos, context.Sin).to(_computeType);
        key = RotaryTable.Rotate(key, context.Cos, context.Sin).to(_computeType);
        if (context.Cache is { } cache)
        {
            (key, value) = cache.Append(_index, key, value);
        }

        var attended = nn.functional.scaled_dot_product_attention(query, Shared(key), Shared(value), context.Mask, 0, context.IsCausal);
        return _output.Forward(attended.transpose(1, 2).reshape(batch, length, -1), dropout);

        Tensor Heads(Tensor projected, int count) => projected.view(batch, length, count, _config.HeadDim).transpose(1, 2);
    }

    /// <summary>[B, kv_heads, T, head_dim] to [B, heads, T, head_dim]: each key head serves a group of query heads.</summary>
    private Tensor Shared(Tensor keysOrValues)
    {
        var group = _config.NumHeads / _config.NumKeyValueHeads;
        if (group == 1)
        {
            return keysOrValues;
        }

        var (batch, heads, length, width) = (keysOrValues.shape[0], keysOrValues.shape[1], keysOrValues.shape[2], keysOrValues.shape[3]);
        return keysOrValues.unsqueeze(2).expand(batch, heads, group, length, width).reshape(batch, heads * group, length, width);
    }

    private Tensor Feed(Tensor x, ForwardContext context)
    {
        var dropout = context.DropoutSeed is not null;
        return _down.Forward(nn.functional.silu(_gate.Forward(x, dropout)) * _up.Forward(x, dropout), dropout);
    }
}
