using System.Text.Json;

namespace Beep.Host.Hosting.Live;

/// <summary>Something that happened, with the number after which a client that reconnects goes on.</summary>
/// <param name="Seq">Rises within a topic.</param>
/// <param name="Type">What happened, in snake_case.</param>
/// <param name="Data">The thing as it is since.</param>
internal sealed record LiveEvent(long Seq, string Type, JsonElement Data);
