using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Data;

/// <summary>What is said when a database does not do what was asked.</summary>
internal static class DatabaseFaults
{
    public static FaultException Failed(DatabaseAddress address, Exception error)
    {
        var reason = error is InvalidOperationException { InnerException: { } inner } ? inner.Message : error.Message;
        return FaultException.Failed(
            "database_failed",
            $"The {address.Display} cannot be used: {reason.ReplaceLineEndings(" ")}",
            address is PostgresAddress { Encryption: PostgresEncryption.Require }
                ? $"Check that it runs, that {DatabaseAddress.Variable} is right, and that it offers TLS (?sslmode=disable does without)."
                : $"Check that it runs and that {DatabaseAddress.Variable} and the file rights are right.",
            DatabaseAddress.Variable,
            error);
    }
}
