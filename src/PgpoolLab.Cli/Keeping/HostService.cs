using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using PgpoolLab.Cli.Access;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Cli.Keeping;

/// <summary>
/// Makes labs for another program and works on them, as it is told in lines of JSON. When nobody tells it any more, it
/// removes what it has made: it is there to notice that the other one has ended, whatever has ended it.
/// </summary>
/// <param name="verbs">The commands that work on a lab; those with true have <c>--json</c>.</param>
/// <param name="probes">Waits.</param>
/// <param name="output">Where its lines go.</param>
internal sealed class HostService(IReadOnlyDictionary<string, bool> verbs, ProbeRunner probes, Stream output)
    : IDisposable
{
    /// <summary>The command whose failure is a result.</summary>
    internal const string Drill = "drill";

    /// <summary>The version of the lines. It changes when a reader of the former ones would be misled.</summary>
    internal const int Protocol = 1;

    /// <summary>The session of the program that this one works for: what that starts is there, too. Null where it
    /// cannot be seen.</summary>
    internal int? Session { get; init; }

    /// <summary>For how long what is left of a program may clean up, and a lab's removal is tried.</summary>
    private static readonly TimeSpan MayEnd = TimeSpan.FromSeconds(5),
        MayRemove = TimeSpan.FromSeconds(60);

    private readonly LineWriter<HostReply> _writer = new(output, HostJson.Readable.HostReply);
    private readonly ConcurrentDictionary<int, Work> _works = new();
    private readonly ConcurrentDictionary<string, ValueTuple> _labs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, ProcessGroup> _guarded = new();

    /// <summary>Answers until nobody asks any more, and then removes what it has made.</summary>
    /// <param name="input">Where the calls come from.</param>
    /// <param name="version">The program's version.</param>
    /// <param name="cancellationToken">Ends it, as the end of the input does.</param>
    /// <returns>Why labs could not be removed; empty when all were.</returns>
    internal async Task<IReadOnlyList<HostError>> RunAsync(
        Stream input,
        string version,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await SayAsync(new HostReply { Version = version, Protocol = Protocol });
            var lines = AgentLines.ReadAsync(input, null, cancellationToken).GetAsyncEnumerator(CancellationToken.None);
            // Who reads a pipe is in the system's hands until something comes: the signal to end is not waited for
            // there.
            while (await lines.MoveNextAsync().AsTask().WaitAsync(cancellationToken))
            {
                await ReceiveAsync(lines.Current);
            }
        }
        catch (Exception error)
            when (error is IOException
                || error is OperationCanceledException && cancellationToken.IsCancellationRequested
            )
        {
            // The other side is gone, or this one was told to go.
        }

        return await EndAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private async Task ReceiveAsync(System.Buffers.ReadOnlySequence<byte> line)
    {
        if (line.Length == 0)
        {
            return;
        }

        HostRequest request;
        try
        {
            request = AgentLines.Parse(line, HostJson.Default.HostRequest) ?? new HostRequest();
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            await SayAsync(
                new HostReply
                {
                    Id = IdOf(line),
                    Error = new HostError(
                        (int)ExitCode.Usage,
                        "A line is no request.",
                        $"{error.Message}\nWhat requests are like is answered to:  "
                            + """{"id":1,"call":{"call":"schema"}}"""
                    ),
                }
            );
            return;
        }

        if (request is { Id: { } id, Call: { } call })
        {
            var work = new Work();
            _works[id] = work;
            // At once, in the order of the lines: who is killed next must have been heard.
            if (call is GuardCall guard)
            {
                _guarded[guard.Group] = ProcessGroup.LedBy(guard.Group);
            }
            else if (call is ReleaseCall release)
            {
                _guarded.TryRemove(release.Group, out _);
            }

            work.Task = Task.Run(() => AnswerAsync(id, call, work), CancellationToken.None);
        }

        if (request.Cancel is { } cancelled && _works.TryGetValue(cancelled, out var under))
        {
            await under.Cancellation.CancelAsync();
        }

        if (request.Ping)
        {
            await SayAsync(new HostReply { Pong = true });
        }
    }

    /// <summary>The number of a call that could not be read, if that much can.</summary>
    private static int? IdOf(System.Buffers.ReadOnlySequence<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return
                document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("id", out var id)
                && id.ValueKind is JsonValueKind.Number
                && id.TryGetInt32(out var number)
                ? number
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task AnswerAsync(int id, LabCall call, Work work)
    {
        HostReply reply;
        try
        {
            var answer = await DoAsync(id, call, work.Cancellation.Token);
            reply = new HostReply { Answer = answer, Done = true };
        }
        catch (CallFailedException failed)
        {
            reply = new HostReply { Error = failed.Error };
        }
        catch (Exception error)
        {
            var code = error is LabException known ? known.Code : ExitCode.Failed;
            string[] lines = error is LabException lab ? [lab.Message, .. lab.Details, .. lab.Hints] : [error.Message];
            reply = new HostReply { Error = new HostError((int)code, error.Message, string.Join('\n', lines)) };
        }

        _works.TryRemove(id, out _);
        await SayAsync(reply with { Id = id });
    }

    private async Task<JsonElement?> DoAsync(int id, LabCall call, CancellationToken cancellationToken)
    {
        switch (call)
        {
            case CreateCall create:
                return JsonSerializer.SerializeToElement(
                    await CreateAsync(id, create, cancellationToken),
                    MadeLabJson.Default.MadeLab
                );
            case VerbCall verb:
                return await VerbAsync(id, verb, cancellationToken);
            case DestroyCall destroy:
                var removed = Checked(await OwnProgram.DestroyAsync(destroy.Lab));
                _labs.TryRemove(destroy.Lab, out _);
                return removed.Json;
            case KeepCall keep:
                _labs.TryRemove(keep.Lab, out _);
                return null;
            case SchemaCall:
                return JsonElement.Parse(HostSchema.Text(verbs.Keys));
            default:
                return null;
        }
    }

    private async Task<MadeLab> CreateAsync(int id, CreateCall call, CancellationToken cancellationToken)
    {
        var folder = call.Directory ?? NewFolder();
        if (!Path.IsPathRooted(folder))
        {
            throw new LabException(ExitCode.Usage, $"'{folder}' is no folder: it must be absolute.");
        }

        string[] ports = call.Arguments.Any(NamesPort) ? [] : ["--port", "auto"];
        IReadOnlyList<string> command = (call.From, call.Lab) switch
        {
            ({ } snapshot, { } lab) =>
            [
                "clone",
                lab,
                folder,
                "--from",
                snapshot,
                "--start",
                .. call.Arguments,
                "--json",
            ],
            ({ }, null) => throw new LabException(ExitCode.Usage, "It is not said of which lab the snapshot is.")
            {
                Hints = ["""Name the lab by its folder:  "lab": "/tmp/..." """.TrimEnd()],
            },
            _ => ["up", folder, .. ports, .. call.Arguments, "--json"],
        };
        // Before it is there: whoever asks may be gone before it is.
        _labs[folder] = default;
        var end = await OwnProgram.RunAsync(
            command,
            line => Say(new HostReply { Id = id, Said = line }),
            printed: null,
            cancellationToken
        );
        if (end.Code != 0)
        {
            if (!Directory.Exists(folder))
            {
                _labs.TryRemove(folder, out _);
            }

            throw new CallFailedException(end.ToError());
        }

        var info = LabsMade.Parse(end);
        _labs.TryRemove(folder, out _);
        _labs[info.Directory] = default;
        if (LabStore.Load(info.Directory)?.Lab.IsWhole ?? false)
        {
            // So has a lab file said, or an option. Of a host that does not answer it could not be removed at the end.
            Checked(await OwnProgram.DestroyAsync(info.Directory));
            _labs.TryRemove(info.Directory, out _);
            throw new LabException(
                ExitCode.Usage,
                "The lab was on several hosts; host keeps labs of this machine only."
            );
        }

        return LabsMade.Of(info);
    }

    private static bool NamesPort(string word) =>
        word is "--port" or "-p"
        || word.StartsWith("--port=", StringComparison.Ordinal)
        || word.StartsWith("-p=", StringComparison.Ordinal);

    private static string NewFolder() =>
        $"{Path.TrimEndingDirectorySeparator(Path.GetTempPath())}/pgpoollab-"
        + RandomNumberGenerator.GetHexString(12, lowercase: true);

    private async Task<JsonElement?> VerbAsync(int id, VerbCall call, CancellationToken cancellationToken)
    {
        // The longer name first: that of a command below another.
        string[] names = [string.Join(' ', call.Arguments.Take(2)), call.Arguments.FirstOrDefault() ?? ""];
        if (names.FirstOrDefault(verbs.ContainsKey) is not { } name)
        {
            throw new LabException(
                ExitCode.Usage,
                $"'{call.Arguments.FirstOrDefault()}' is no command that works on a lab."
            )
            {
                Hints = [$"There are {string.Join(", ", verbs.Keys)}."],
            };
        }

        var lab =
            call.Lab
            ?? (_labs.Keys.ToArray() is [var only] ? only : null)
            ?? throw new LabException(ExitCode.Usage, "It is not said on which lab.")
            {
                Hints = ["""Name it by its folder:  "lab": "/tmp/..." """.TrimEnd()],
            };
        string[] ours =
        [
            "--lab",
            lab,
            .. verbs[name] && !call.Arguments.Contains("--json") ? (string[])["--json"] : [],
        ];
        // What comes after -- is another program's.
        var words = call.Arguments.TakeWhile(w => w != "--").ToArray();
        var end = await OwnProgram.RunAsync(
            [.. words, .. ours, .. call.Arguments.Skip(words.Length)],
            line => Say(new HostReply { Id = id, Said = line }),
            call.Follow ? line => Say(new HostReply { Id = id, Event = Element(line) }) : null,
            cancellationToken
        );
        if (call.Follow && cancellationToken.IsCancellationRequested)
        {
            // It was asked to end.
            return null;
        }

        // That what a drill expects did not come about is its result.
        var isJudged = name == Drill && end.Code == (int)ExitCode.Failed && end.Output.Length > 0;
        if (!isJudged)
        {
            Checked(end);
        }

        return end.Output.Length == 0 ? null : Element(end.Output);
    }

    /// <summary>A line of JSON, or else its text.</summary>
    private static JsonElement Element(string text)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(text, HostJson.Default.String);
        }
    }

    private static CommandEnd Checked(CommandEnd end) =>
        end.Code == 0 ? end : throw new CallFailedException(end.ToError());

    /// <summary>Ends what is under way, then what uses the labs, then the labs.</summary>
    private async Task<IReadOnlyList<HostError>> EndAsync()
    {
        foreach (var work in _works.Values)
        {
            await work.Cancellation.CancelAsync();
        }

        // What a setup has made so far it takes back itself.
        var ended = Task.WhenAll(_works.Values.Select(w => w.Task));
        string[] labs = [.. _labs.Keys];
        await Task.WhenAll(_guarded.Values.Concat(Unannounced(labs)).Select(EndAsync));
        await ended;
        var failures = await Task.WhenAll(_labs.Keys.Select(RemoveAsync));
        // One that was just being started when the other program was killed could not be told from that before.
        await Task.WhenAll(Unannounced(labs).Select(EndAsync));
        return [.. failures.OfType<HostError>()];
    }

    /// <summary>Programs for these labs that the other one had started, and was killed before it could say so: they
    /// were given the lab's name.</summary>
    private IEnumerable<ProcessGroup> Unannounced(IEnumerable<string> labs) =>
        Session is { } session
            ? labs.SelectMany(l => ProcessGroup.LedIn(session, LabVariables.Name, l))
                .Where(g => !_guarded.ContainsKey(g.Id))
            : [];

    private async Task EndAsync(ProcessGroup group)
    {
        group.TrySignal(ProcessSignal.Terminate);
        // One that is suspended learns of it when it goes on.
        group.TrySignal(ProcessSignal.Resume);
        var inTime = probes.Limit(MayEnd);
        while (group.Runs)
        {
            if (!inTime())
            {
                group.TrySignal(ProcessSignal.Kill);
                return;
            }

            await probes.PauseAsync(TimeSpan.FromMilliseconds(10), CancellationToken.None);
        }
    }

    /// <summary>A command that the other program has begun, and that has not ended with it, may be at work on
    /// it.</summary>
    private async Task<HostError?> RemoveAsync(string folder)
    {
        var inTime = probes.Limit(MayRemove);
        while (true)
        {
            var end = await OwnProgram.DestroyAsync(folder);
            if (end.Code == 0 || !inTime())
            {
                return end.Code == 0 ? null : end.ToError();
            }

            await probes.PauseAsync(TimeSpan.FromMilliseconds(200), CancellationToken.None);
        }
    }

    private void Say(HostReply reply) => SayAsync(reply).GetAwaiter().GetResult();

    private async Task SayAsync(HostReply reply)
    {
        try
        {
            await _writer.WriteAsync(reply, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // Nobody is there to hear it.
        }
    }

    private sealed class Work
    {
        internal CancellationTokenSource Cancellation { get; } = new();

        internal Task Task { get; set; } = Task.CompletedTask;
    }
}
