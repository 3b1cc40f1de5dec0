using Beep.Contracts;

namespace Beep.Host.Hosting.Http;

/// <summary>A request that is answered with problem details instead of a result.</summary>
internal sealed class HttpFaultException : Exception
{
    public HttpFaultException(int status, params IReadOnlyList<Fault> faults) : base(faults[0].Message) => (Status, Faults) = (status, faults);

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    public IReadOnlyList<Fault> Faults { get; }

    /// <summary>When to try again, for 429 and 503.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>400: the request cannot be read.</summary>
    public static HttpFaultException BadRequest(string code, string message, string remedy, string? where = null) =>
        new(StatusCodes.Status400BadRequest, new Fault(code, message, remedy, where));

    /// <summary>403: the caller is known and may not.</summary>
    public static HttpFaultException Forbidden(string code, string message, string remedy) => new(StatusCodes.Status403Forbidden, new Fault(code, message, remedy));

    /// <summary>404: there is no such thing, or it is somebody else's.</summary>
    public static HttpFaultException NotFound(string code, string message, string remedy) => new(StatusCodes.Status404NotFound, new Fault(code, message, remedy));

    /// <summary>409: not in the state that it is in.</summary>
    public static HttpFaultException Conflict(string code, string message, string remedy) => new(StatusCodes.Status409Conflict, new Fault(code, message, remedy));

    /// <summary>422: read, and wrong.</summary>
    public static HttpFaultException Invalid(string code, string message, string remedy, string? where = null) =>
        new(StatusCodes.Status422UnprocessableEntity, new Fault(code, message, remedy, where));

    /// <summary>429.</summary>
    public static HttpFaultException TooMany(string message, TimeSpan retryAfter) =>
        new(StatusCodes.Status429TooManyRequests, new Fault("too_many_requests", message, $"Try again in {Math.Ceiling(retryAfter.TotalSeconds)} s.")) { RetryAfter = retryAfter };
}
