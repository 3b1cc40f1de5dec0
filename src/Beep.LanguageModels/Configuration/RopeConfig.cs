namespace Beep.LanguageModels.Configuration;

/// <summary>How the frequencies of rotary position embeddings (Su et al. 2021, arXiv 2104.09864) are stretched.</summary>
internal enum RopeScaling
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>Every position divided by a factor.</summary>
    Linear = 1,

    /// <summary>Llama 3.1's: low frequencies divided, high ones kept, those between blended.</summary>
    Llama3 = 2,
}

/// <summary>Rotary position embeddings of a model.</summary>
/// <param name="Theta">The base of the frequencies.</param>
/// <param name="Scaling">How they are stretched.</param>
/// <param name="Factor">By how much.</param>
/// <param name="LowFrequencyFactor">Wavelengths above original length / this are stretched in full (Llama 3).</param>
/// <param name="HighFrequencyFactor">Wavelengths below original length / this are kept (Llama 3).</param>
/// <param name="OriginalMaxPositionEmbeddings">The length that the model was first trained for (Llama 3).</param>
internal sealed record RopeConfig(
    double Theta,
    RopeScaling Scaling = RopeScaling.None,
    double Factor = 1,
    double LowFrequencyFactor = 1,
    double HighFrequencyFactor = 1,
    double OriginalMaxPositionEmbeddings = 0)
{
    /// <summary>
    /// The angle, in radians a position, of each pair of a head's dimensions. As <c>ROPE_INIT_FUNCTIONS</c> of
    /// Transformers computes it, in single precision.
    /// </summary>
    public float[] InverseFrequencies(int headDim)
    {
        var frequencies = new float[headDim / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            var frequency = 1f / MathF.Pow((float)Theta, 2f * i / headDim);
            frequencies[i] = Scaling switch
            {
                RopeScaling.None => frequency,
                RopeScaling.Linear => frequency / (float)Factor,
                RopeScaling.Llama3 => StretchLlama3(frequency),
            };
        }

        return frequencies;
    }

    private float StretchLlama3(float frequency)
    {
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength < OriginalMaxPositionEmbeddings / HighFrequencyFactor)
        {
            return frequency;
        }

        if (wavelength > OriginalMaxPositionEmbeddings / LowFrequencyFactor)
        {
            return (float)(frequency / Factor);
        }

        var smooth = ((OriginalMaxPositionEmbeddings / wavelength) - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
        return (float)(((1 - smooth) * frequency / Factor) + (smooth * frequency));
    }
}
