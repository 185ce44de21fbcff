using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace PgpoolLab.Drills.Tests.Browsers;

/// <summary>A browser without a window, spoken to by the DevTools protocol, at a port of its own choice. One for all
/// tests of a class.</summary>
public sealed class Chromium : IAsyncLifetime
{
    /// <summary>For everything that it is asked: a slow machine needs seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _said = [];
    private readonly ClientWebSocket _socket = new();
    private Process _process = null!;
    private int _asked;

    /// <summary>What it reported, of all its pages.</summary>
    internal List<JsonObject> Events { get; } = [];

    /// <summary>A folder for the pages that it opens.</summary>
    internal TemporaryFolder Folder => _folder;

    /// <summary>Waits no longer than this for one test.</summary>
    internal static CancellationToken Limit() => new CancellationTokenSource(Patience).Token;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var address = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = new Process { StartInfo = Start(), EnableRaisingEvents = true };
        _process.ErrorDataReceived += (_, line) =>
        {
            const string listening = "DevTools listening on ";
            lock (_said)
            {
                _said.Add(line.Data ?? "");
            }

            if (line.Data?.StartsWith(listening, StringComparison.Ordinal) is true)
            {
                address.TrySetResult(line.Data[listening.Length..]);
            }
        };
        _process.Exited += (_, _) => address.TrySetException(new InvalidOperationException($"It ended: {Said()}"));
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        var limit = Limit();
        await _socket.ConnectAsync(new Uri(await address.Task.WaitAsync(limit)), limit);
    }

    private ProcessStartInfo Start()
    {
        var start = new ProcessStartInfo("chromium") { RedirectStandardError = true, RedirectStandardOutput = true };
        // Its sandbox is not for root, nor for most containers; what it opens is ours. /dev/shm may be small.
        string[] arguments =
        [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
            "--hide-scrollbars",
            "--remote-debugging-port=0",
            $"--user-data-dir={_folder["profile"]}",
            "about:blank",
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["HOME"] = _folder.Path;
        return start;
    }

    /// <summary>Asks something, and waits for the answer; what it reports meanwhile is in
    /// <see cref="Events"/>.</summary>
    internal async Task<JsonObject> AskAsync(
        string? session,
        string method,
        JsonObject? parameters,
        CancellationToken limit
    )
    {
        var id = ++_asked;
        var question = new JsonObject
        {
            ["id"] = id,
            ["method"] = method,
            ["params"] = parameters ?? [],
        };
        if (session is not null)
        {
            question["sessionId"] = session;
        }

        var bytes = Encoding.UTF8.GetBytes(question.ToJsonString());
        await _socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, limit);
        while (true)
        {
            var message = await ReadAsync(limit);
            if (message["id"]?.GetValue<int>() != id)
            {
                Events.Add(message);
                continue;
            }

            return message["result"] as JsonObject
                ?? throw new InvalidOperationException($"{method}: {message["error"]?.ToJsonString()}");
        }
    }

    /// <summary>Waits until something was reported.</summary>
    internal async Task WaitForAsync(Func<JsonObject, bool> what, CancellationToken limit)
    {
        while (!Events.Any(what))
        {
            Events.Add(await ReadAsync(limit));
        }
    }

    private async Task<JsonObject> ReadAsync(CancellationToken limit)
    {
        var (buffer, text) = (new byte[64 * 1024], new MemoryStream());
        while (true)
        {
            var part = await _socket.ReceiveAsync(buffer, limit);
            text.Write(buffer, 0, part.Count);
            if (part.MessageType is WebSocketMessageType.Close)
            {
                throw new InvalidOperationException($"It hung up: {Said()}");
            }

            if (part.EndOfMessage)
            {
                return JsonNode.Parse(text.ToArray())!.AsObject();
            }
        }
    }

    private string Said()
    {
        lock (_said)
        {
            return string.Join('\n', _said);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(Limit());
        _process.Dispose();
        // Its helpers end by themselves when it has ended, and may write until then.
        var limit = Limit();
        while (Directory.Exists(_folder.Path))
        {
            try
            {
                _folder.Dispose();
            }
            catch (IOException) when (!limit.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }
}
