namespace Beep.LanguageModels.Tests.Datasets.Records;

/// <summary>Gives a few bytes at a time, so that every state of a reader meets the end of its input.</summary>
internal sealed class TrickleStream(byte[] content) : MemoryStream(content)
{
    private const int Portion = 3;

    public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(Portion, buffer.Length)]);

    public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(Portion, count));
}
