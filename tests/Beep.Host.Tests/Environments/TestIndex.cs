using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Beep.Host.Tests.Environments;

/// <summary>An index of packages on the loopback that wants a login, and looks at who asks while it asks.</summary>
internal sealed class TestIndex : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _folder;
    private readonly string _login;
    private readonly ConcurrentQueue<string> _commands = new();
    private readonly ConcurrentQueue<string> _environments = new();

    private TestIndex(string folder, string login, int port)
    {
        (_folder, _login, Address) = (folder, login, new Uri($"http://127.0.0.1:{port}/simple"));
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
    }

    public Uri Address { get; }

    /// <summary>The arguments of every process that could be read while something was asked for.</summary>
    public IReadOnlyCollection<string> Commands => _commands;

    /// <summary>The names in the environments of those that were pip.</summary>
    public IReadOnlyCollection<string> Environments => _environments;

    public static TestIndex Start(string folder, string login)
    {
        for (var tries = 0; ; tries++)
        {
            var index = new TestIndex(folder, login, Random.Shared.Next(20_000, 60_000));
            try
            {
                index._listener.Start();
                _ = index.ServeAsync();
                return index;
            }
            catch (HttpListenerException) when (tries < 50)
            {
                index.Dispose();
            }
        }
    }

    public void Dispose() => ((IDisposable)_listener).Dispose();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                Look();
                Answer(context.Request, context.Response);
                context.Response.Close();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or IOException)
            {
                // Whoever asked has gone, and asks again; or this has ended.
            }
        }
    }

    private void Answer(HttpListenerRequest request, HttpListenerResponse response)
    {
        if (request.Headers["Authorization"] != $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(_login))}")
        {
            response.StatusCode = 401;
            response.AddHeader("WWW-Authenticate", "Basic");
            return;
        }

        var parts = request.Url!.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        byte[] body;
        if (parts is ["simple", var name])
        {
            var wheels = Directory.EnumerateFiles(_folder, $"{name.Replace('-', '_')}-*.whl").ToList();
            response.StatusCode = wheels.Count == 0 ? 404 : 200;
            response.ContentType = "text/html";
            body = Encoding.UTF8.GetBytes($"<!DOCTYPE html><html><body>{string.Concat(wheels.Select(wheel => $"<a href=\"/files/{Path.GetFileName(wheel)}#sha256={TestWheels.Sha256(wheel)}\">{Path.GetFileName(wheel)}</a>"))}</body></html>");
        }
        else if (parts is ["files", var file] && File.Exists(Path.Combine(_folder, file)))
        {
            body = File.ReadAllBytes(Path.Combine(_folder, file));
        }
        else
        {
            response.StatusCode = 404;
            return;
        }

        response.OutputStream.Write(body);
    }

    private void Look()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                var command = File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
                _commands.Enqueue(command);
                if (command.Contains("-m pip install", StringComparison.Ordinal))
                {
                    foreach (var variable in File.ReadAllText(Path.Combine(process, "environ")).Split('\0', StringSplitOptions.RemoveEmptyEntries))
                    {
                        _environments.Enqueue(variable.Split('=')[0]);
                    }
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
            }
        }
    }
}
