using System.Buffers.Text;
using System.Security.Cryptography;
using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Users;
using Microsoft.AspNetCore.Identity;

namespace Beep.Host.Identity.Passwords;

/// <summary>Hashes and verifies passwords, a few at once: a flood of sign-ins leaves the rest of the server alive.</summary>
internal sealed class PasswordService(IPasswordHasher<User> hasher, TimeProvider time, IdentityMeters? meters = null) : IDisposable
{
    private const int MostWaiting = 200;
    private const int GeneratedBytes = 15;
    private const int DecoySaltBytes = 16;
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(5);
    private static readonly User Nobody = new() { UserName = "", CreatedAt = default, RoleId = 0 };

    // What is verified against where there is no user or no password, so that the answer takes as long: random bytes in Identity's format 3.
    private static readonly string Decoy = Convert.ToBase64String(
        [1, 0, 0, 0, 2, .. BigEndian(UserPasswordHasher.Iterations), .. BigEndian(DecoySaltBytes), .. RandomNumberGenerator.GetBytes(DecoySaltBytes + SHA256.HashSizeInBytes)]);

    private readonly HashingThreads _threads = new();
    private int _waiting;

    /// <summary>A password of 120 random bits that can be typed: 20 characters.</summary>
    public static string Generate() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(GeneratedBytes));

    /// <exception cref="HttpFaultException">It breaks a rule.</exception>
    public async Task<string> HashNewAsync(string password, string? userName, CancellationToken cancellationToken)
    {
        if (PasswordRules.Check(password, userName) is { } fault)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, fault);
        }

        return await HashAsync(password, cancellationToken);
    }

    /// <summary>Hashes without asking the rules: for a password that was just verified.</summary>
    public Task<string> HashAsync(string password, CancellationToken cancellationToken) => RunAsync(() => hasher.HashPassword(Nobody, password), cancellationToken);

    /// <summary>Takes as long for no user as for one.</summary>
    public Task<PasswordVerificationResult> VerifyAsync(User? user, string password, CancellationToken cancellationToken) => RunAsync(
        () =>
        {
            var hash = user is { IsActive: true, PasswordHash: { Length: > 0 } own } && password.Length <= PasswordRules.Longest ? own : null;
            var result = hasher.VerifyHashedPassword(user ?? Nobody, hash ?? Decoy, password.Length <= PasswordRules.Longest ? password : "");
            return hash is null ? PasswordVerificationResult.Failed : result;
        },
        cancellationToken);

    public void Dispose() => _threads.Dispose();

    private static byte[] BigEndian(int number) => [(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number];

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new HttpFaultException(StatusCodes.Status503ServiceUnavailable, new Fault("busy", "Too many passwords are being checked at once.", "Try again in a moment.")) { RetryAfter = BusyPause };
        }

        var asked = time.GetTimestamp();
        return await _threads.RunAsync(() =>
        {
            Interlocked.Decrement(ref _waiting);
            meters?.HashWaited(time.GetElapsedTime(asked));
            // Whoever has gone meanwhile is not worth a tenth of a second.
            cancellationToken.ThrowIfCancellationRequested();
            return work();
        }).WaitAsync(cancellationToken);
    }
}
