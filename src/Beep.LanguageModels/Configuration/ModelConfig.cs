using Beep.LanguageModels.Safetensors;

namespace Beep.LanguageModels.Configuration;

/// <summary>A model's architecture, as its <c>config.json</c> tells; sizes are numbers of elements.</summary>
internal sealed record ModelConfig
{
    /// <summary>The file's name.</summary>
    public const string FileName = "config.json";

    /// <summary>The family: a member of <see cref="ModelConfigReader.KnownTypes"/>.</summary>
    public required string ModelType { get; init; }

    /// <summary>The width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Transformer blocks.</summary>
    public required int NumLayers { get; init; }

    /// <summary>Query heads.</summary>
    public required int NumHeads { get; init; }

    /// <summary>Key and value heads; fewer than query heads in grouped-query attention.</summary>
    public required int NumKeyValueHeads { get; init; }

    /// <summary>The width of a head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>The width of the feed-forward layer.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The longest sequence the model was made for, in tokens.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>The epsilon of the norms.</summary>
    public required double RmsNormEps { get; init; }

    /// <summary>Positions.</summary>
    public required RopeConfig Rope { get; init; }

    /// <summary>Whether the output head is the embedding.</summary>
    public required bool TieWordEmbeddings { get; init; }

    /// <summary>Whether the query, key and value projections have a bias.</summary>
    public required bool QkvBias { get; init; }

    /// <summary>Whether the output projection of the attention has a bias.</summary>
    public required bool OutputBias { get; init; }

    /// <summary>Whether the feed-forward projections have a bias.</summary>
    public required bool MlpBias { get; init; }

    /// <summary>The standard deviation of freshly drawn weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>The number format that the weights are published in.</summary>
    public TensorType WeightType { get; init; } = TensorType.F32;

    /// <summary>How many weights the model has.</summary>
    public long ParameterCount
    {
        get
        {
            long hidden = HiddenSize, queries = NumHeads * (long)HeadDim, keys = NumKeyValueHeads * (long)HeadDim, wide = IntermediateSize;
            var attention = (hidden * (queries + (2 * keys))) + (queries * hidden)
                + (QkvBias ? queries + (2 * keys) : 0) + (OutputBias ? hidden : 0);
            var feedForward = (3 * hidden * wide) + (MlpBias ? (2 * wide) + hidden : 0);
            var embedding = VocabularySize * hidden * (TieWordEmbeddings ? 1 : 2);
            return embedding + (NumLayers * (attention + feedForward + (2 * hidden))) + hidden;
        }
    }

    /// <summary>Reads the configuration of a model folder; see <see cref="ModelConfigReader"/>.</summary>
    public static ModelConfig Load(string modelFolder) => ModelConfigReader.Read(Path.Combine(modelFolder, FileName));
}
