using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Beep.Host.Tests.Identity.External.Providers;

/// <summary>What a provider in this process says of its users.</summary>
internal sealed class AccountBook
{
    private readonly ConcurrentDictionary<string, JsonObject> _accounts = new()
    {
        ["ada"] = new() { ["name"] = "Ada", ["preferred_username"] = "ada", ["email"] = "ada@example.org", ["roles"] = new JsonArray("admins") },
        ["bob"] = new() { ["name"] = "Bob", ["preferred_username"] = "bob", ["email"] = "bob@example.org", ["roles"] = new JsonArray("staff") },
    };

    /// <summary>As <see cref="IRightProvider.SetAsync"/>.</summary>
    public void Set(string accounts)
    {
        foreach (var (name, claims) in JsonNode.Parse(accounts)!.AsObject())
        {
            if (claims is null)
            {
                _accounts.TryRemove(name, out _);
                continue;
            }

            Copy(claims.AsObject(), _accounts.GetOrAdd(name, _ => []));
        }
    }

    public bool Knows(string name) => _accounts.ContainsKey(name);

    /// <summary>The claims of a user; none of one that is forgotten.</summary>
    public JsonObject Of(string name)
    {
        var claims = new JsonObject();
        Copy(_accounts.GetValueOrDefault(name, []), claims);
        return claims;
    }

    public static void Copy(JsonObject from, JsonObject to)
    {
        foreach (var (claim, value) in from)
        {
            to[claim] = value?.DeepClone();
        }
    }
}
