using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace PgpoolLab.Client;

/// <summary>A <c>pgpoollab host</c>: it makes a lab, works on it, and removes it when its standard input ends, which
/// the system sees to when this process has ended.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ConcurrentDictionary<int, Call> _calls = new();
    private readonly ConcurrentQueue<string> _words = new();
    private readonly Task _listening;
    private int _lastId;
    private volatile bool _isGone;

    private HostProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                _words.Enqueue(text);
            }
        };
        process.BeginErrorReadLine();
        _listening = Task.Run(ListenAsync);
    }

    internal static HostProcess Start()
    {
        var info = new ProcessStartInfo(ProgramFile.Find(), "host")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        return new HostProcess(Process.Start(info)!);
    }

    /// <summary>Has a call made.</summary>
    /// <param name="write">Writes what is inside the call.</param>
    /// <param name="onEvent">Is told each line of output of a call that is followed.</param>
    /// <param name="cancellationToken">Has it ended.</param>
    /// <returns>Its answer; undefined when it has none.</returns>
    internal async Task<JsonElement> AskAsync(
        Action<Utf8JsonWriter> write,
        Action<JsonElement>? onEvent,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        var id = Interlocked.Increment(ref _lastId);
        var call = new Call(onEvent);
        _calls[id] = call;
        if (
            _isGone
            || !await TrySendAsync(line =>
                {
                    line.WriteNumber("id", id);
                    line.WriteStartObject("call");
                    write(line);
                    line.WriteEndObject();
                })
                .ConfigureAwait(false)
        )
        {
            call.Answer.TrySetException(Gone());
        }

        await using var registration = cancellationToken.Register(() =>
            _ = TrySendAsync(line => line.WriteNumber("cancel", id))
        );
        try
        {
            return await call.Answer.Task.ConfigureAwait(false);
        }
        catch (PgpoolLabException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Ends it; it has removed what it had made when this returns.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        await _process.WaitForExitAsync().ConfigureAwait(false);
        await _listening.ConfigureAwait(false);
        var code = _process.ExitCode;
        _process.Dispose();
        if (code != 0)
        {
            var text = string.Join('\n', _words);
            throw new PgpoolLabException(code, "The lab could not be removed.", text);
        }
    }

    private async Task<bool> TrySendAsync(Action<Utf8JsonWriter> write)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            var input = _process.StandardInput.BaseStream;
            await input.WriteAsync(line.GetBuffer().AsMemory(0, (int)line.Length)).ConfigureAwait(false);
            await input.FlushAsync().ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            return false;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task ListenAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } text)
        {
            JsonElement line;
            try
            {
                using var document = JsonDocument.Parse(text);
                line = document.RootElement.Clone();
            }
            catch (JsonException)
            {
                // It is no line of the program's: what it says is told when it has ended.
                _words.Enqueue(text);
                continue;
            }

            if (!line.TryGetProperty("id", out var id) || !_calls.TryGetValue(id.GetInt32(), out var call))
            {
                continue;
            }

            if (line.TryGetProperty("event", out var happened))
            {
                call.OnEvent?.Invoke(happened);
            }
            else if (line.TryGetProperty("error", out var error))
            {
                _calls.TryRemove(id.GetInt32(), out _);
                call.Answer.TrySetException(
                    new PgpoolLabException(
                        error.GetProperty("code").GetInt32(),
                        error.GetProperty("message").GetString() ?? "",
                        error.GetProperty("text").GetString() ?? ""
                    )
                );
            }
            else if (line.TryGetProperty("done", out _))
            {
                _calls.TryRemove(id.GetInt32(), out _);
                call.Answer.TrySetResult(line.TryGetProperty("answer", out var answer) ? answer : default);
            }
        }

        _isGone = true;
        foreach (var call in _calls.Values)
        {
            call.Answer.TrySetException(Gone());
        }
    }

    private PgpoolLabException Gone() =>
        new(
            1,
            "pgpoollab host has ended before its time.",
            string.Join('\n', _words.Prepend("pgpoollab host has ended."))
        );

    private sealed record Call(Action<JsonElement>? OnEvent)
    {
        internal TaskCompletionSource<JsonElement> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
