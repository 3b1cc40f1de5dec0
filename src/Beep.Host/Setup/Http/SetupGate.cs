using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.Host.Setup.Unlocking;

namespace Beep.Host.Setup.Http;

/// <summary>On an endpoint that is for who has the setup token.</summary>
internal sealed class NeedsSetupToken;

/// <summary>
/// Everything that has no endpoint here is not there yet: pages lead to the wizard, programs are told. It goes by endpoint and
/// never by how a path begins. Tokens are asked for before a body is read.
/// </summary>
internal sealed class SetupGate(RequestDelegate next, SetupLock gate)
{
    private static readonly Fault Required = new("setup_required", "This host is not set up yet.", "Open /setup in a browser, with the token from the console; or run beep admin create.");

    public Task InvokeAsync(HttpContext context)
    {
        // What routing itself puts in the place of an endpoint, for a method that nobody takes, is none.
        if (context.GetEndpoint() is RouteEndpoint endpoint)
        {
            if (endpoint.Metadata.GetMetadata<NeedsSetupToken>() is not null)
            {
                gate.Require(context.Request.Headers[SetupLock.Header], context.Connection.RemoteIpAddress?.ToString());
            }

            return next(context);
        }

        if (context.Items[typeof(FaultMiddleware)] is Fault failed)
        {
            // Where a page failed, there is no page of errors yet to lead to.
            return ProblemAnswers.WriteAsync(context, context.Response.StatusCode, [failed]);
        }

        context.SetEndpoint(null);
        if ((HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)) && !context.Request.IsApi())
        {
            context.Response.Redirect(SetupEndpoints.Page);
            return Task.CompletedTask;
        }

        return ProblemAnswers.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, [Required]);
    }
}
