using System.Text.Json;
using System.Text.Json.Serialization;

namespace Beep.Host.Jobs.Api;

/// <summary>How the JSON of jobs is written in the tables: as on the wire.</summary>
internal static class JobJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };
}
