using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Hosts;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Tools;

/// <summary>What a program has said.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
public sealed record ProgramAnswer(int ExitCode, string Output, string Error);

/// <summary>Remembers what programs say of themselves (their version, their folders): to ask three of them costs as
/// much as to start a server. An answer is kept for the very file that gave it, by its place on the disk, size and
/// time, and only when that is a program itself: what a script says may depend on anything.</summary>
/// <param name="host">Where the programs run.</param>
/// <param name="file">Where the answers are kept, on the machine this program runs on; null to ask each time.</param>
/// <param name="keep">False for who must not leave anything behind.</param>
public sealed class ProgramAnswers(IHost host, string? file, bool keep = true)
{
    private const int Most = 100;
    private const int MostText = 4 << 20;
    private const string Elf = "\u007fELF";

    /// <summary>With other libraries it may be another program.</summary>
    private static readonly string[] Variables = ["LD_LIBRARY_PATH", "LD_PRELOAD"];
    private readonly Lock _gate = new();
    private Dictionary<string, string[]>? _known;

    /// <summary>Those of the current user's cache.</summary>
    public static ProgramAnswers OfCurrentUser(IHost host, bool keep = true) =>
        new(host, CacheFolder.OfCurrentUser() is { } folder ? FileBeside(folder) : null, keep);

    /// <summary>Where the answers lie that belong to a cache of clusters.</summary>
    public static string FileBeside(string clusters) => Path.GetDirectoryName(clusters) + "/programs.json";

    /// <summary>Runs a program, or knows what it would say.</summary>
    public async Task<ProgramAnswer> AskAsync(string program, string argument, CancellationToken cancellationToken)
    {
        var key =
            file is not null && await FindStampAsync(program, cancellationToken) is { } stamp
                ? $"{program} {argument} {stamp}"
                : null;
        if (key is not null && Find(key) is [var output, var error])
        {
            return new ProgramAnswer(0, output, error);
        }

        var result = await host.Programs.RunAsync(new CommandSpec(program, argument), cancellationToken);
        var answer = new ProgramAnswer(result.ExitCode, result.Output, result.Error);
        if (keep && key is not null && answer.ExitCode == 0)
        {
            Keep(key, answer);
        }

        return answer;
    }

    private async Task<string?> FindStampAsync(string program, CancellationToken cancellationToken)
    {
        try
        {
            var real = await host.Files.RealPathAsync(program, cancellationToken);
            return
                (await host.Files.ReadPartAsync(real, 0, Elf.Length, cancellationToken)).Text == Elf
                && await host.Files.LookAsync(real, cancellationToken) is { Id: { } id } facts
                ? string.Join(
                    ' ',
                    [
                        id,
                        facts.Length.ToString(CultureInfo.InvariantCulture),
                        facts.Written.UtcTicks.ToString(CultureInfo.InvariantCulture),
                        .. Variables.Select(v => $"{v}={CleanEnvironment.ValueOf(v)}"),
                    ]
                )
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private string[]? Find(string key)
    {
        lock (_gate)
        {
            return (_known ??= Read()).GetValueOrDefault(key);
        }
    }

    private Dictionary<string, string[]> Read()
    {
        try
        {
            return CacheFile.Read(file!, MostText) is { } text
                ? JsonSerializer.Deserialize(text, AnswersJson.Default.DictionaryStringStringArray) ?? []
                : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }

    private void Keep(string key, ProgramAnswer answer)
    {
        string text;
        lock (_gate)
        {
            _known = _known is { Count: < Most } ? _known : [];
            _known[key] = [answer.Output, answer.Error];
            text = JsonSerializer.Serialize(_known, AnswersJson.Default.DictionaryStringStringArray);
        }

        try
        {
            CacheFile.Write(file!, text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is asked again next time.
        }
    }
}

[JsonSerializable(typeof(Dictionary<string, string[]>))]
internal sealed partial class AnswersJson : JsonSerializerContext;
