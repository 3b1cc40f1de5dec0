namespace Beep.Host.Hosting.Http;

/// <summary>Something beside the database that a server needs and that may be away; the server serves all the same, and says so.</summary>
internal interface IHealthPart
{
    /// <summary>In snake_case: <c>sign_in_provider</c>.</summary>
    string Name { get; }

    /// <summary>Null when it is well; else what is wrong, in words that may be shown to anybody.</summary>
    Task<string?> FindFaultAsync(CancellationToken cancellationToken);
}
