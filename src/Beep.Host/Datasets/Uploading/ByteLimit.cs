namespace Beep.Host.Datasets.Uploading;

/// <summary>How much may be written, and what is said when it is more.</summary>
internal sealed record ByteLimit(long Bytes, Func<Exception> Refuse);
